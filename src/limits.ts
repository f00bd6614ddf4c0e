/** How much the app lets in. */
export interface Limits {
  /** Requests under way, in the process and of one tenant. */
  maxInFlight: number
  maxInFlightPerTenant: number
  /** How late the event loop may be, in ms, before anybody is refused. */
  maxLoopDelayMs: number
  /** Requests a second of a key that has no limit of its own. */
  requestsPerSecond: number
}

/** For apps that nobody floods: tests, and the generation of the OpenAPI document. */
export const UNLIMITED: Limits = {
  maxInFlight: Infinity,
  maxInFlightPerTenant: Infinity,
  maxLoopDelayMs: Infinity,
  requestsPerSecond: Infinity,
}
