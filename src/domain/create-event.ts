import { hash } from 'node:crypto'
import stringify from 'safe-stable-stringify'
import { AppError } from '../errors.ts'
import type { Event, NewEvent } from '../schemas/event.ts'
import { announce } from './availability.ts'
import { deliveryTime } from './delivery-time.ts'
import { toBodyText } from './event-body.ts'
import type { EventsDependencies } from './events.ts'
import type { CallScope, EventDraft } from './ports.ts'

export interface CreatedEvent {
  event: Event
  /** The key was used before: this is the event it made then, as it stands now. */
  replayed: boolean
}

/** SHA-256 of the body as JSON: spacing and the order of members make no difference. */
function hashBody(body: NewEvent): string {
  return hash('sha256', stringify(body), 'base64url')
}

/**
 * Accepts an event. With an `Idempotency-Key` at most one event results, however often, from wherever and after
 * whatever crash the request is repeated: whoever finds the key taken takes over the id that it stands for and, where
 * the event is not stored yet, finishes the work of the one that died.
 *
 * @param keyField Where clients give the key, for what they are told about it.
 */
export function createEvent(dependencies: EventsDependencies, keyField = 'Idempotency-Key') {
  const { store, idempotency, clock, newEventId, random, count } = dependencies

  function draftOf({ tenant }: CallScope, body: NewEvent): EventDraft {
    const { event_type, payload, metadata = null } = body
    const deliver_at = deliveryTime(body, clock())
    const shard = Math.floor(random() * tenant.shards)
    // Before anything is stored: what cannot be kept must not use up its key.
    const text = toBodyText({ payload, metadata })
    return { event_id: newEventId(shard), event_type, body: text, deliver_at }
  }

  async function storeDraft(scope: CallScope, draft: EventDraft): Promise<Event> {
    const { event, created } = await store.create(scope, draft)
    // Somebody with the same key was quicker, and counted it.
    if (!created) return event
    count('EventCreated')
    const availableAtMs = Date.parse(event.available_at ?? '')
    if (availableAtMs <= clock()) announce(dependencies, scope.tenant.name, event.event_id, availableAtMs)
    return event
  }

  return async (scope: CallScope, body: NewEvent, idempotencyKey?: string): Promise<CreatedEvent> => {
    const draft = draftOf(scope, body)
    if (idempotencyKey === undefined) return { event: await storeDraft(scope, draft), replayed: false }

    const ours = { event_id: draft.event_id, body_hash: hashBody(body) }
    const { event_id, body_hash } = await idempotency.claim(scope, idempotencyKey, ours)
    if (body_hash !== ours.body_hash) throw keyReused(keyField)
    if (event_id === ours.event_id) return { event: await storeDraft(scope, draft), replayed: false }

    const stored = await store.get(scope, event_id)
    if (stored) return { event: stored, replayed: true }
    // Its id may be old. Inbox walks that have passed the id's time must find the event none the less.
    const deliver_at = Math.max(draft.deliver_at ?? 0, clock())
    return { event: await storeDraft(scope, { ...draft, event_id, deliver_at }), replayed: true }
  }
}

function keyReused(field: string): AppError {
  return new AppError(
    'idempotency_key_reused',
    `This ${field} was used with another body; nothing was stored.`,
    { details: [{ field, message: 'was used with another body', code: 'idempotency_key_reused' }] },
  )
}
