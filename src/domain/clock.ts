/** The time now, in milliseconds since 1970. An argument everywhere, so that tests and simulations own the time. */
export type Clock = () => number

/** @returns RFC 3339 in UTC with milliseconds, as every timestamp of the contract is written. */
export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString()
}
