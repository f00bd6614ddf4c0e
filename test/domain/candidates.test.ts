import t from 'tap'
import { createCandidates } from '../../src/domain/candidates.ts'
import type { Candidate, QueueStore } from '../../src/domain/ports.ts'
import { newTenant, scopeOf } from '../support/table.ts'

const candidate = (n: number): Candidate => ({ event_id: `evt_${n}`, availability: `00${n}`, body_bytes: 10 })
const WANTED = { events: 10, bytes: 1_000 }

function candidatesOver(found: Candidate[]) {
  const queue = { candidates: async () => found } as unknown as QueueStore
  return createCandidates({ queue, clock: () => 1_000_000, random: () => 0, deadlineMs: 1_000 })
}

t.test('an event that is told of twice is handed out once', async (t) => {
  const scope = scopeOf(newTenant())
  const candidates = candidatesOver([])
  for (const n of [1, 2, 1]) candidates.hint(scope.tenant.name, candidate(n))
  t.strictSame(await candidates.take(scope, WANTED), [candidate(1), candidate(2)])
  t.strictSame(await candidates.take(scope, WANTED), [])
})

t.test('an event that was read and is told of is handed out once', async (t) => {
  const scope = scopeOf(newTenant())
  const candidates = candidatesOver([candidate(1), candidate(2)])
  t.strictSame(await candidates.take(scope, { ...WANTED, events: 1 }), [candidate(1)])
  for (const n of [1, 2, 3]) candidates.hint(scope.tenant.name, { ...candidate(n), body_bytes: 500 })
  t.strictSame(await candidates.take(scope, { ...WANTED, bytes: 505 }), [candidate(2)])
  t.match(await candidates.take(scope, WANTED), [{ event_id: 'evt_3' }])
})
