import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createCursors } from '../../src/domain/cursor.ts'
import type { EventsDependencies } from '../../src/domain/events.ts'
import type { FailedQuery } from '../../src/domain/ports.ts'
import { redriveInbox } from '../../src/domain/redrive.ts'
import { storeUnavailable } from '../../src/errors.ts'
import { newTenant, scopeOf } from '../support/table.ts'

const IDS = Array.from({ length: 300 }, (_, n) => `evt_${String(n).padStart(3, '0')}`)

/** A store of dead letters, each redriven by `redrive`. */
function redriveWith(redrive: (eventId: string) => Promise<void>, deadlineMs = 60_000) {
  const failed = new Set(IDS)
  const redriven: string[] = []
  const reads: number[] = []
  const redriveMany = redriveInbox({
    clock: Date.now,
    cursors: createCursors(['the secret of this test']),
    deadlineMs,
    candidates: { giveBack: () => {} },
    waitingRoom: { hasWaiting: () => false },
    queue: {
      candidateAt: () => undefined,
      failed: async (_scope: unknown, { limit, position = '' }: FailedQuery) => {
        reads.push(limit)
        const rest = [...failed].filter((id) => id > position)
        const items = rest.slice(0, limit)
        return { items, position: rest.length > limit ? items.at(-1) : null }
      },
      redrive: async (_scope: unknown, event_id: string) => {
        await redrive(event_id)
        failed.delete(event_id)
        return { outcome: 'redriven', event: { event_id, event_type: 'a' } }
      },
    },
  } as unknown as EventsDependencies)
  const scope = scopeOf(newTenant())
  const ask = async (cursor: string | null, { limit = 1_000, dry_run = false } = {}) =>
    redriveMany(scope, { limit, dry_run, ...(cursor === null ? {} : { cursor }) }, ({ event_id }) => {
      redriven.push(event_id)
    })
  return { ask, redriven, reads }
}

t.test('on a slow store it stops in time and tells from where to go on', async (t) => {
  const { ask, redriven } = redriveWith(() => delay(20), 300)
  const first = await ask(null)
  t.ok(first.redriven > 0 && first.redriven < IDS.length, `${first.redriven} of ${IDS.length}`)
  t.equal(first.matched, first.redriven)
  let total = first.redriven
  for (let { next_cursor } = first; next_cursor !== null;) {
    const answer = await ask(next_cursor)
    total += answer.redriven
    next_cursor = answer.next_cursor
  }
  t.equal(total, IDS.length)
  t.strictSame(redriven.sort(), IDS, 'each once')
})

t.test('what was redriven before a failure is told', async (t) => {
  let isDown = false
  const { ask, redriven } = redriveWith(async (id) => {
    isDown ||= id === IDS[120]
    if (isDown) throw storeUnavailable()
  })
  const answer = await ask(null)
  t.equal(answer.redriven, redriven.length)
  t.ok(answer.redriven >= 100 && answer.redriven <= 120, `${answer.redriven} redriven`)
  await t.rejects(ask(answer.next_cursor), { code: 'unavailable' }, 'nothing was done')
  isDown = false
})

t.test('it stops at its limit, and a dry run reads once', async (t) => {
  const { ask, redriven, reads } = redriveWith(async () => {})
  t.match(await ask(null, { limit: 70 }), { matched: 70, redriven: 70, next_cursor: /./ })
  t.equal(redriven.length, 70)
  t.strictSame(reads.splice(0), [50, 20])
  t.match(await ask(null, { dry_run: true }), { matched: 230, redriven: 0, next_cursor: null })
  t.strictSame(reads, [1_000])
})
