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
    // As text: Node's own parser confuses names with escapes (domain/json-names.ts).
    const body = `"payload":${JSON.stringify(payload)},"metadata":${JSON.stringify(metadata)}}`

    const created = await app.inject({
      method: 'POST',
      url: '/events',
      headers: { ...app.acme.producer, 'content-type': 'application/json' },
      payload: `{"event_type":"order.created",${body}`,
    })
    deepStrictEqual([created.statusCode, created.body.slice(-body.length)], [201, body])

    const { event_id } = created.json<EventAnswer>()
    const found = await app.inject({ url: `/events/${event_id}`, headers: app.acme.producer })
    deepStrictEqual(found.body, created.body)

    const inbox = await app.inject({ url: '/inbox', headers: app.acme.consumer })
    deepStrictEqual(inbox.body, `[${created.body}]`)

    const acknowledged = await app.inject({
      method: 'POST',
      url: `/events/${event_id}/acknowledge`,
      headers: app.acme.consumer,
    })
    deepStrictEqual(acknowledged.statusCode, 204)
  })
  await t.resolves(fc.assert(roundTrip, { numRuns: 100 }))
})
