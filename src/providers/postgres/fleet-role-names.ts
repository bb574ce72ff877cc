/** Owns the databases and all that is in them; nobody logs in as it. Migrations take it by SET ROLE. */
export const OWNER_ROLE = 'fleet_owner'
/** Has the rights of an application in every tenant; each tenant's login role is a member. Nobody logs in as it. */
export const APP_ROLE = 'fleet_app'
