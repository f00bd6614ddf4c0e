/** What the service must do with everything on, at 32 connections over DynamoDB Local with events of 1 KB. */
export interface Target {
  /** Most server CPU per request, in µs. */
  cpuUs: number
  /** Least ratio of requests per server CPU second. */
  vsPlain?: number
  vsFloor?: number
}

export const TARGETS: Record<string, Target> = {
  'GET /events/{id}': { cpuUs: 130, vsPlain: 5, vsFloor: 0.7 },
  'POST /events': { cpuUs: 260, vsPlain: 2.5, vsFloor: 0.6 },
  'POST /events/{id}/acknowledge': { cpuUs: 260, vsPlain: 2.5, vsFloor: 0.6 },
  'GET /events (50)': { cpuUs: 500, vsPlain: 4, vsFloor: 0.6 },
  'GET /inbox (100)': { cpuUs: 1_400, vsPlain: 3, vsFloor: 0.6 },
  'POST /inbox/claim (10)': { cpuUs: 2_000, vsPlain: 2.5, vsFloor: 0.6 },
  404: { cpuUs: 80 },
  400: { cpuUs: 80 },
  401: { cpuUs: 80 },
}
