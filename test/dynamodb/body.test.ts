import fc from 'fast-check'
import assert from 'node:assert/strict'
import t from 'tap'
import { toBodyText } from '../../src/domain/event-body.ts'
import { decodeBody, encodeBody } from '../../src/dynamodb/body.ts'

t.test('a body comes back as it was, compressed or not', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 3_000 }),
    fc.tuple(fc.string({ unit: 'binary', maxLength: 20 }), fc.nat(2_000)).map(([s, n]) => s.repeat(n)),
  )
  await fc.assert(
    fc.asyncProperty(text, async (text) => {
      const body = toBodyText({ payload: { text }, metadata: null })
      const { attribute, bytes } = await encodeBody(body)
      assert.equal(decodeBody(attribute, bytes), body)
    }),
    { numRuns: 100 },
  )
})

t.test('what is stored is an object whose first member is the payload: answers are spliced from it', (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (payload) => {
      const text = toBodyText({ payload, metadata: null })
      assert.ok(text.startsWith('{"payload":{') && text.endsWith(',"metadata":null}'))
    }),
  )
  t.end()
})

t.test('an item without a body is a defect, not an empty text', (t) => {
  for (const attribute of [undefined, { S: '' }, { NULL: true as const }]) {
    t.throws(() => decodeBody(attribute, 0), /no body/)
  }
  t.throws(() => decodeBody({ B: Buffer.from('not deflated') }, 10), { code: /^Z_/ })
  t.end()
})
