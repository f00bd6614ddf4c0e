import type { EventsDependencies } from './events.ts'

/** Tells consumers that wait in this process of an event that can be delivered now: they need not ask the index. */
export function announce(
  { queue, candidates, waitingRoom }: Pick<EventsDependencies, 'queue' | 'candidates' | 'waitingRoom'>,
  tenant: string,
  eventId: string,
  availableAtMs: number,
): void {
  if (!waitingRoom.hasWaiting(tenant)) return
  candidates.hint(tenant, queue.candidateAt(eventId, availableAtMs))
  waitingRoom.wake(tenant)
}
