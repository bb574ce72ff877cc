import pg from 'pg'

/** A parameter as it goes to the server: as text, as bytes, or as NULL. */
export type PreparedValue = string | Buffer | null

/** Turns a parameter into what node-postgres sends for it. Throws what the value's own conversion throws. */
export function prepareValue(value: unknown): PreparedValue {
  return utils.prepareValue(value)
}

// Exported by node-postgres, but not in its types.
const { utils } = pg as unknown as { readonly utils: { readonly prepareValue: (value: unknown) => PreparedValue } }
