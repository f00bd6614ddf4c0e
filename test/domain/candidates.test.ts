import t from 'tap'
import { createCandidates } from '../../src/domain/candidates.ts'
import type { Candidate, QueueStore } from '../../src/domain/ports.ts'
import { newTenant, scopeOf } from '../support/table.ts'

const candidate = (n: number): Candidate => ({ event_id: `evt_${n}`, availability: `00${n}`, body_bytes: 10 })
const WANTED = { events: 10, bytes: 1_000, atLeast: 1, emptySince: Infinity }

function candidatesOver(found: Candidate[], random = () => 0) {
  const queue = { candidates: async () => found } as unknown as QueueStore
  return createCandidates({ queue, clock: () => 1_000_000, random, deadlineMs: 1_000 })
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

t.test(
  'what is given back in the very millisecond in which it became available is handed out again',
  async (t) => {
    const scope = scopeOf(newTenant())
    const candidates = candidatesOver([candidate(1)])
    t.strictSame(await candidates.take(scope, WANTED), [candidate(1)])
    t.strictSame(await candidates.take(scope, WANTED), [])
    candidates.giveBack(scope.tenant.name, [candidate(1)])
    t.strictSame(await candidates.take(scope, WANTED), [candidate(1)])
  },
)

t.test('who comes away empty-handed from a shared reading looks again', async (t) => {
  const scope = scopeOf(newTenant())
  let readings = 0
  const queue = {
    candidates: async (_scope: unknown, limit: number) => {
      readings += 1
      return Array.from({ length: 250 }, (_, n) => candidate(n)).slice(0, limit)
    },
  } as unknown as QueueStore
  const candidates = createCandidates({ queue, clock: () => 1_000_000, random: () => 0, deadlineMs: 1_000 })
  const takes = await Promise.all(Array.from({ length: 26 }, () => candidates.take(scope, WANTED)))
  t.strictSame(
    takes.map((taken) => taken.length),
    [...Array<number>(25).fill(10), 0],
  )
  t.equal(new Set(takes.flat().map(({ event_id }) => event_id)).size, 250)
  t.ok(readings <= 6, `${readings} readings`)
})

t.test('one shard that was read alone says nothing of the others', async (t) => {
  const scope = scopeOf(newTenant(4))
  const asked: (number | undefined)[] = []
  const queue = {
    candidates: async (_scope: unknown, _limit: number, shard?: number) => {
      asked.push(shard)
      return asked.length === 1 ? [candidate(1)] : []
    },
  } as unknown as QueueStore
  const candidates = createCandidates({ queue, clock: () => 1_000_000, random: () => 0.5, deadlineMs: 1_000 })
  for (let n = 0; n < 5; n++) candidates.report(scope.tenant.name, 1, 1)
  const waiting = { ...WANTED, emptySince: 999_500 }
  t.strictSame(await candidates.take(scope, waiting), [candidate(1)])
  t.strictSame(await candidates.take(scope, waiting), [])
  t.strictSame(asked, [2, 2, undefined])
})

t.test('tasks that draw the same shard start at different places of it', async (t) => {
  const scope = scopeOf(newTenant())
  const candidates = candidatesOver([1, 2, 3, 4].map(candidate), () => 0.5)
  for (let n = 0; n < 5; n++) candidates.report(scope.tenant.name, 1, 1)
  const taken = await candidates.take(scope, WANTED)
  t.strictSame(taken, [3, 4, 1, 2].map(candidate))
})

t.test('what is given back is handed out again at once', async (t) => {
  const scope = scopeOf(newTenant())
  const candidates = candidatesOver([candidate(1), candidate(2)])
  t.strictSame(await candidates.take(scope, WANTED), [candidate(1), candidate(2)])
  t.strictSame(await candidates.take(scope, WANTED), [])
  candidates.giveBack(scope.tenant.name, [candidate(1)])
  t.strictSame(await candidates.take(scope, WANTED), [candidate(1)])
})

t.test('when the clock is put back an hour, the index is asked none the less', async (t) => {
  const scope = scopeOf(newTenant())
  const found = [candidate(1)]
  let now = 10_000_000
  const queue = { candidates: async () => [...found] } as unknown as QueueStore
  const candidates = createCandidates({ queue, clock: () => now, random: () => 0, deadlineMs: 1_000 })
  t.strictSame(await candidates.take(scope, WANTED), [candidate(1)])
  now -= 3_600_000
  found.push(candidate(2))
  t.strictSame(await candidates.take(scope, WANTED), [candidate(1), candidate(2)])
})

t.test('nobody waits for a reading of others longer than until their own deadline', async (t) => {
  const scope = scopeOf(newTenant())
  const { promise, resolve } = Promise.withResolvers<Candidate[]>()
  const queue = { candidates: () => promise } as unknown as QueueStore
  const candidates = createCandidates({ queue, clock: () => 1_000_000, random: () => 0, deadlineMs: 60_000 })
  const patient = candidates.take(scope, WANTED)
  const deadline = new AbortController()
  const hurried = { ...scope, signal: deadline.signal }
  const both = [candidates.take(hurried, WANTED)]
  deadline.abort()
  both.push(candidates.take(hurried, WANTED))
  const results = await Promise.race([Promise.allSettled(both), settled()])
  t.match(results, [{ reason: { code: 'unavailable' } }, { reason: { code: 'unavailable' } }])
  resolve([candidate(1)])
  t.strictSame(await patient, [candidate(1)])
})

/** Resolves when everything that can go on has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve))
