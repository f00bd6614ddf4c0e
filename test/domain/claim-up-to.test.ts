import t from 'tap'
import { claimUpTo } from '../../src/domain/claim-up-to.ts'
import type { Candidate, Claim, QueueStore } from '../../src/domain/ports.ts'
import { newTenant, scopeOf } from '../support/table.ts'

const WISH = { limit: 3, lease: { lease_id: 'lease_1', expires_at: 9_000 }, emptySince: 0 }
const candidate = (event_id: string, availability: string): Candidate => ({
  event_id,
  availability,
  body_bytes: 10,
})

/** Candidates come in these rounds; an error is thrown. */
function claimFrom(rounds: (Candidate[] | Error)[], claim: (candidate: Candidate) => Claim) {
  const counts: Record<string, number> = {}
  const returned: string[] = []
  const dependencies = {
    candidates: {
      take: async () => {
        const round = rounds.shift() ?? []
        if (round instanceof Error) throw round
        return round
      },
      hint: () => {},
      forget: () => {},
      report: () => {},
      giveBack: (_tenant: string, some: Candidate[]) =>
        returned.push(...some.map(({ event_id }) => event_id)),
    },
    queue: { claim: async (_scope: unknown, one: Candidate) => claim(one) } as unknown as QueueStore,
    count: (name: string, by = 1) => (counts[name] = (counts[name] ?? 0) + by),
  }
  return { counts, returned, claimed: claimUpTo(dependencies, scopeOf(newTenant()), WISH) }
}

const claimed = ({ event_id }: Candidate) => ({ outcome: 'claimed', event: { event_id } }) as Claim

t.test('an event that was found at two places is handed out once', async (t) => {
  const first = [candidate('evt_1', 'old place'), candidate('evt_1', 'new place')]
  const result = claimFrom([first, [candidate('evt_2', 'a')]], claimed)
  t.match(await result.claimed, [{ event_id: 'evt_1' }, { event_id: 'evt_2' }])
  t.match(result.counts, { EventClaimed: 2 })
})

t.test('what is on offer again before all is claimed is not claimed again', async (t) => {
  const asked: string[] = []
  const rounds = [[candidate('evt_1', 'a')], [candidate('evt_1', 'b'), candidate('evt_2', 'c')]]
  const result = claimFrom(rounds, (one) => {
    asked.push(one.availability)
    return claimed(one)
  })
  t.match(await result.claimed, [{ event_id: 'evt_1' }, { event_id: 'evt_2' }])
  t.strictSame(asked, ['a', 'c'])
})

t.test('what was claimed is not given up when no more can be looked for', async (t) => {
  const result = claimFrom([[candidate('evt_1', 'a')], new Error('throttled')], claimed)
  t.match(await result.claimed, [{ event_id: 'evt_1' }])
  t.match(result.counts, { EventClaimed: 1 })
})

t.test('where nothing was claimed the failure is told', async (t) => {
  await t.rejects(claimFrom([new Error('throttled')], claimed).claimed, { message: 'throttled' })
  const failing = () => {
    throw new Error('gone')
  }
  await t.rejects(claimFrom([[candidate('evt_1', 'a')]], failing).claimed, { message: 'gone' })
})

t.test('what could not be claimed for want of an answer is given back', async (t) => {
  const claim = (one: Candidate) => {
    if (one.event_id === 'evt_2') throw new Error('gone')
    return one.event_id === 'evt_1' ? claimed(one) : ({ outcome: 'lost' } as const)
  }
  const found = ['evt_1', 'evt_2', 'evt_3'].map((id) => candidate(id, id))
  const result = claimFrom([found], claim)
  t.match(await result.claimed, [{ event_id: 'evt_1' }])
  t.strictSame(result.returned, ['evt_2'])
})
