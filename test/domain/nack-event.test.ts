import t from 'tap'
import type { EventsDependencies } from '../../src/domain/events.ts'
import { nackEvent } from '../../src/domain/nack-event.ts'
import { newTenant, scopeOf } from '../support/table.ts'

t.test('those who wait are told of the very place where the event is now', async (t) => {
  let available_at = 0
  const hints: unknown[] = []
  const dependencies = {
    clock: () => 1_005,
    random: () => 0,
    count: () => {},
    nackDelays: { minSeconds: 1, maxSeconds: 60 },
    queue: {
      nack: async () => ({ outcome: 'delayed', available_at }),
      candidateAt: (...place: unknown[]) => place,
    },
    candidates: { hint: (_tenant: string, place: unknown) => hints.push(place), giveBack: () => {} },
    waitingRoom: { hasWaiting: () => true, wake: () => {} },
  } as unknown as EventsDependencies
  const nack = nackEvent(dependencies)
  for (available_at of [1_001, 1_006]) await nack(scopeOf(newTenant()), 'evt_1', { delay_seconds: 0 })
  t.strictSame(hints, [['evt_1', 1_001]])
})
