import type { EventsDependencies } from './events.ts'

type Dependencies = Pick<EventsDependencies, 'queue' | 'candidates' | 'waitingRoom'>

/** Tells consumers that wait in this process of an event that can be delivered now: they need not ask the index. */
export function announce(
  { queue, candidates, waitingRoom }: Dependencies,
  tenant: string,
  eventId: string,
  availableAtMs: number,
): void {
  if (!waitingRoom.hasWaiting(tenant)) return
  candidates.hint(tenant, queue.candidateAt(eventId, availableAtMs))
  waitingRoom.wake(tenant)
}

/**
 * Tells of an event that was handed out before. Given back in the very millisecond in which it had become available, it
 * stands where it stood then, and would be taken for what was handed out.
 */
export function announceAgain(
  dependencies: Dependencies,
  tenant: string,
  eventId: string,
  availableAtMs: number,
): void {
  dependencies.candidates.giveBack(tenant, [dependencies.queue.candidateAt(eventId, availableAtMs)])
  announce(dependencies, tenant, eventId, availableAtMs)
}
