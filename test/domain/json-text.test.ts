import fc from 'fast-check'
import t from 'tap'
import { readJson } from '../../src/domain/json-text.ts'

const read = (text: string) => readJson(Buffer.from(text))
const fieldsOf = (text: string) => read(text).faults.map(({ field, code }) => `${field} ${code}`)

t.test('any JSON is read as JSON.parse reads it', async (t) => {
  const keepable = fc
    .json({ maxDepth: 10 })
    .filter((text) => !text.includes('__proto__') && !/\d{16}|e[+-]?\d{3}/.test(text))
  fc.assert(
    fc.property(keepable, (text) => {
      t.strictSame(read(text), { value: JSON.parse(text) as unknown, faults: [] })
    }),
    { numRuns: 300 },
  )
})

t.test('integers beyond ±(2^53−1) are faults of their field', async (t) => {
  t.strictSame(fieldsOf('{"a":[1,{"b":9007199254740992}],"c":-9007199254740992}'), [
    'a[1].b integer_out_of_range',
    'c integer_out_of_range',
  ])
  t.strictSame(
    fieldsOf('[9007199254740991,-9007199254740991,123456789012345,1e20,1.7976931348623157e308]'),
    [],
  )
  t.strictSame(fieldsOf('12345678901234567890'), ['body integer_out_of_range'])
})

t.test('numbers that overflow a double are faults', async (t) => {
  t.strictSame(fieldsOf('{"a":1e400,"b":-1E+400}'), ['a number_overflow', 'b number_overflow'])
  t.strictSame(fieldsOf(`{"a":1${'0'.repeat(400)}.5}`), ['a number_overflow'])
  t.strictSame(fieldsOf('{"a":1e-400,"text":"1e400 9007199254740993"}'), [])
})

t.test('members named __proto__ are faults, spelled out or escaped', async (t) => {
  t.strictSame(fieldsOf('{"payload":{"__proto__":{"x":1}}}'), ['payload.__proto__ forbidden_name'])
  t.strictSame(fieldsOf(String.raw`{"_\u005fproto_\u005F":1}`), ['__proto__ forbidden_name'])
  t.strictSame(fieldsOf('{"a":"__proto__","constructor":{"prototype":1}}'), [])
  t.equal(({} as { x?: number }).x, undefined)
})

t.test('depth counts from the root, and brackets in strings do not count', async (t) => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  t.strictSame(fieldsOf(nested(64)), [])
  t.strictSame(fieldsOf(nested(65)), ['body too_deep'])
  t.strictSame(fieldsOf(nested(125_000)), ['body too_deep'])
  t.strictSame(fieldsOf(JSON.stringify({ a: '[{'.repeat(100), b: '\\"[' })), [])
})

t.test('what is not JSON is one fault', async (t) => {
  for (const text of ['{', '{"a":}', 'nul', '"', '\ufeff{}', '{"a":1}}', '01', "{'a':1}"]) {
    t.strictSame(fieldsOf(text), ['body invalid_json'], text)
  }
})

t.test('of duplicate members the last wins', async (t) => {
  t.strictSame(read('{"a":1,"a":{"b":9007199254740993},"a":2}'), { value: { a: 2 }, faults: [] })
})

t.test('fields are named no longer than is useful', async (t) => {
  const [fault] = read(`{"${'x'.repeat(10_000)}":1e999}`).faults
  t.equal(fault?.field.length, 200)
})
