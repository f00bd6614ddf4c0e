import t from 'tap'
import { createEvent } from '../../src/domain/create-event.ts'
import { createEventIds } from '../../src/domain/event-id.ts'
import type { EventsDependencies } from '../../src/domain/events.ts'
import type { EventDraft, IdempotencyRecord } from '../../src/domain/ports.ts'
import { newTenant, scopeOf } from '../support/table.ts'

const HOUR_MS = 3_600_000

t.test('who finishes the work of a task that died makes the event available from now', async (t) => {
  let now = Date.parse('2026-03-01T00:00:00.000Z')
  const clock = () => now
  let record: IdempotencyRecord | undefined
  let isDying = true
  const drafts: EventDraft[] = []
  const create = createEvent({
    clock,
    newEventId: createEventIds(clock),
    random: () => 0,
    count: () => {},
    idempotency: {
      claim: async (_scope: unknown, _key: string, ours: IdempotencyRecord) => (record ??= ours),
    },
    store: {
      get: async () => undefined,
      create: async (_scope: unknown, draft: EventDraft) => {
        if (isDying) throw new Error('The task died')
        drafts.push(draft)
        return { event_id: draft.event_id, available_at: null }
      },
    },
  } as unknown as EventsDependencies)
  const scope = scopeOf(newTenant())
  const post = (key: string) => create(scope, { event_type: 'a', payload: {} }, key)

  await t.rejects(post('k'), { message: 'The task died' })
  isDying = false
  now += HOUR_MS
  t.match(await post('k'), { event: { event_id: record?.event_id }, replayed: true })
  record = record && { ...record, body_hash: 'another' }
  await t.rejects(post('k'), { code: 'idempotency_key_reused' })
  t.strictSame(
    drafts.map(({ deliver_at }) => deliver_at),
    [now],
  )
})
