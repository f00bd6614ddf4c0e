import fc from 'fast-check'
import { deepStrictEqual } from 'node:assert/strict'
import t from 'tap'
import type { EventAnswer } from '../../src/schemas/event.ts'
import { buildTestApp } from '../support/app.ts'

/** Any UTF-16 code unit: control characters, halves of surrogate pairs, everything. */
const codeUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit))
const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: codeUnit }))

/** Integers that are written in digits alone have 53 bits; all other numbers are doubles. */
const number = fc
  .oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .filter((value) => Number.isSafeInteger(value) || !/^-?\d+$/.test(String(value)))

const { object } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    number,
    text,
    fc.array(tie('value')),
    tie('object'),
  ),
  object: fc.dictionary(
    text.filter((name) => name !== '__proto__'),
    tie('value'),
  ),
}))

t.test('what is posted comes back equal from POST, GET and the inbox', async (t) => {
  const app = await buildTestApp(t)
  const roundTrip = fc.asyncProperty(object, fc.option(object), async (payload, metadata) => {
    const sent = JSON.stringify({ event_type: 'order.created', payload, metadata })
    const { payload: expectedPayload, metadata: expectedMetadata } = JSON.parse(sent) as EventAnswer

    const created = await app.inject({
      method: 'POST',
      url: '/events',
      headers: { ...app.acme.producer, 'content-type': 'application/json' },
      payload: sent,
    })
    deepStrictEqual([created.statusCode, created.body.slice(0, 2)], [201, '{"'])
    const event = created.json<EventAnswer>()
    deepStrictEqual([event.payload, event.metadata], [expectedPayload, expectedMetadata])

    const found = await app.inject({ url: `/events/${event.event_id}`, headers: app.acme.producer })
    deepStrictEqual(found.json(), event)

    const inbox = await app.inject({ url: '/inbox', headers: app.acme.consumer })
    deepStrictEqual(inbox.json(), [event])

    const acknowledged = await app.inject({
      method: 'POST',
      url: `/events/${event.event_id}/acknowledge`,
      headers: app.acme.consumer,
    })
    deepStrictEqual(acknowledged.statusCode, 204)
  })
  await t.resolves(fc.assert(roundTrip, { numRuns: 100 }))
})
