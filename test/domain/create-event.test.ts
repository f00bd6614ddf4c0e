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
        return { event: { event_id: draft.event_id, available_at: null }, created: true }
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

t.test('of two with one key at the same moment, the one whose write won is counted', async (t) => {
  let record: IdempotencyRecord | undefined
  const stored = new Set<string>()
  const counts: string[] = []
  const create = createEvent({
    clock: Date.now,
    newEventId: createEventIds(Date.now),
    random: () => 0,
    count: (name: string) => counts.push(name),
    idempotency: {
      claim: async (_scope: unknown, _key: string, ours: IdempotencyRecord) => (record ??= ours),
    },
    store: {
      // Nothing is there yet when the second one looks.
      get: async () => undefined,
      create: async (_scope: unknown, { event_id }: EventDraft) => {
        const created = !stored.has(event_id)
        stored.add(event_id)
        return { event: { event_id, available_at: null }, created }
      },
    },
  } as unknown as EventsDependencies)
  const scope = scopeOf(newTenant())
  const post = () => create(scope, { event_type: 'a', payload: {} }, 'k')
  const [first, second] = await Promise.all([post(), post()])
  t.equal(first.event.event_id, second.event.event_id)
  t.strictSame(counts, ['EventCreated'])
})
