import type { EventAnswer } from '../../src/schemas/event.ts'
import type { Claimed, EventResults } from '../../src/schemas/queue.ts'
import type { KeyHeaders, TestApp } from './app.ts'

/** Answer of a batch, of which tests look at single members. */
export interface BatchAnswer {
  results: {
    status: number
    event?: EventAnswer
    error?: { error: string; message: string; details?: { field: string; message: string; code: string }[] }
  }[]
}

/** Sends a POST; without a payload it has no body at all. */
export function post(app: TestApp, url: string, headers: KeyHeaders, payload?: unknown) {
  return app.inject({
    method: 'POST',
    url,
    headers: { ...headers, ...(payload === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  })
}

type Response = Awaited<ReturnType<typeof post>>

/** Where an error answer says that the request is at fault, and by which rule: `limit range`. */
export function faultsOf(response: Response): string[] {
  const { details = [] } = response.json<{ details?: { field: string; code: string }[] }>()
  return details.map(({ field, code }) => `${field} ${code}`).sort()
}

export function idsOf(events: { event_id: string }[]): string[] {
  return events.map(({ event_id }) => event_id)
}

/** Results in short: `acknowledged, not_found`. */
export function resultsOf(response: Response): string[] {
  return response.json<EventResults>().results.map(({ result }) => result)
}

function expect(response: Response, status: number): Response {
  if (response.statusCode !== status) throw new Error(`Answered ${response.statusCode}: ${response.body}`)
  return response
}

/** Claims as a step on the way to what is tested, or as what is tested. */
export async function claim(app: TestApp, body: object = {}, { consumer } = app.acme): Promise<Claimed> {
  return expect(await post(app, '/inbox/claim', consumer, body), 200).json()
}

/** Claims events that are there. @returns The lease and the events. */
export async function givenClaim(app: TestApp, body: object = {}) {
  const { lease_id, lease_expires_at, events } = await claim(app, body)
  const [event] = events
  if (lease_id === null || lease_expires_at === null || !event) throw new Error('There was nothing to claim')
  return { lease_id, lease_expires_at, events, event }
}

/** Rejects an event for good. */
export async function givenFailed(app: TestApp, { event_id }: EventAnswer, reason?: string): Promise<void> {
  const body = { permanent: true, ...(reason === undefined ? {} : { reason }) }
  expect(await post(app, `/events/${event_id}/nack`, app.acme.consumer, body), 204)
}

/** The event as it stands now. */
export async function read(app: TestApp, { event_id }: { event_id: string }): Promise<EventAnswer> {
  return expect(await app.inject({ url: `/events/${event_id}`, headers: app.acme.consumer }), 200).json()
}

/** What the inbox shows from its start. */
export async function readInbox(app: TestApp): Promise<EventAnswer[]> {
  return expect(await app.inject({ url: '/inbox', headers: app.acme.consumer }), 200).json()
}
