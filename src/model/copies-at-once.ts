/**
 * How many tenants of a server are copied at once, unless the configuration says otherwise. On two cores a neighbour that writes keeps
 * nine tenths of its throughput beside two copies and less than half beside four, which make hardly more restore points per second
 * (`npm run bench:restore`).
 */
export const COPIES_AT_ONCE = 2

/**
 * As many as an admin has connections to a server: from four copies at once to eight a tenant gets cheaper by a quarter at best, while
 * the writes of the neighbours wait behind the copies.
 */
export const MOST_COPIES_AT_ONCE = 4
