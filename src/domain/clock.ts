/** The time now, in milliseconds since 1970. An argument everywhere, so that tests and simulations own the time. */
export type Clock = () => number

let lastMs = NaN
let lastTimestamp = ''

/** @returns RFC 3339 in UTC with milliseconds, as every timestamp of the contract is written. */
export function toTimestamp(ms: number): string {
  // An event has mostly been available from when it was accepted on, and printing a time costs as much as all its rest.
  if (ms !== lastMs) {
    lastTimestamp = new Date(ms).toISOString()
    lastMs = ms
  }
  return lastTimestamp
}
