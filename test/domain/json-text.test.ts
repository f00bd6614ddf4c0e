import fc from 'fast-check'
import t from 'tap'
import { readJson, readJsonArray } from '../../src/domain/json-text.ts'

const read = (text: string) => readJson(Buffer.from(text))
const fieldsOf = (text: string) => read(text).faults.map(({ field, code }) => `${field} ${code}`)

t.test('any JSON that is read prints as it was', async (t) => {
  const keepable = fc
    .json({ maxDepth: 10 })
    .filter((text) => !text.includes('__proto__') && !/\d{16}|e[+-]?\d{3}/.test(text))
  fc.assert(
    fc.property(keepable, (text) => {
      const { value, faults } = read(text)
      t.strictSame(faults, [])
      t.equal(JSON.stringify(value), text)
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

/** What stands for each character of a name, as some client may write it. */
const spellings = (character: string) => {
  const plain = JSON.stringify(character).slice(1, -1)
  const escaped = Array.from(
    { length: character.length },
    (_, at) => String.raw`\u` + character.charCodeAt(at).toString(16).padStart(4, '0'),
  )
  return fc.constantFrom(plain, escaped.join(''))
}
const escapedName = fc
  .array(fc.constantFrom('\\', '\n', '"', '\u0000', 'u', 'n', '0', 'a', '🙂'), { maxLength: 4 })
  .chain((characters) =>
    fc.tuple(
      fc.constant(characters.join('')),
      fc.tuple(...characters.map(spellings)).map((all) => all.join('')),
    ),
  )

t.test('names written with escapes are what they say, whatever was read before', async (t) => {
  const members = fc.uniqueArray(fc.tuple(escapedName, fc.constantFrom('1', '"a"', '{}', '[]')), {
    selector: ([[name]]) => name,
    maxLength: 4,
  })
  fc.assert(
    fc.property(members, fc.constantFrom('', ' ', '\r\n\t'), (members, space) => {
      const text = members.map(([[, spelt], value]) => `"${spelt}"${space}:${value}`).join()
      const expected = members.map(([[name], value]) => [name, JSON.parse(value) as unknown] as const)
      const inside = { a: [Object.fromEntries(expected)] }
      t.strictSame(read(`{"a":[{${text}}]}`), { value: inside, faults: [] })
      const batch = readJsonArray(Buffer.from(`{"events":[{${text}}]}`), 'events')
      t.strictSame(batch.elements[0]?.value, inside.a[0])
    }),
    { numRuns: 1_000 },
  )
})

t.test('names written with escapes leave everything else as it is', async (t) => {
  const cases: [string, unknown][] = [
    [String.raw`{"a":1,"\u0061":2,"a":3}`, { a: 3 }],
    [String.raw`{"\u0061":1,"a":2,"\u0061":{"\n":3}}`, { a: { '\n': 3 } }],
    [
      String.raw`{"\n":12345678901234567e-2,"b":[{"1":"\n","0":2}]}`,
      { '\n': 123456789012345.67, b: [{ 1: '\n', 0: 2 }] },
    ],
    [String.raw`{"\\":"{\"a\":[","x":"\":"}`, { '\\': '{"a":[', x: '":' }],
  ]
  for (const [text, value] of cases) t.strictSame(read(text), { value, faults: [] }, text)
  t.strictSame(fieldsOf(String.raw`{"\n":{"a":[1e999]}}`), ['\n.a[0] number_overflow'])
  const broken = [
    String.raw`{"\q":1}`,
    String.raw`{"\n":1]`,
    String.raw`["\n":1]`,
    String.raw`{"\n":}`,
    String.raw`{"\n" 1}`,
    String.raw`{"\u00":1}`,
  ]
  for (const text of broken) t.strictSame(fieldsOf(text), ['body invalid_json'], text)
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
