import fc, { type Arbitrary } from 'fast-check'
import { isAllowed, resolve, type Schema } from './document.ts'

/** Values that clients know from earlier answers, by the name of the member or parameter. */
export type KnownValues = Record<string, string[]>

const MAX_ITEMS = 5
/** A claim that waits says nothing more, and takes its time. */
const LEFT_ALONE = ['wait_seconds', 'cursor']

const anyText = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.string())

function offsetOf(minutes: number): string {
  const two = (number: number) => String(Math.floor(Math.abs(number))).padStart(2, '0')
  return minutes === 0 ? 'Z' : `${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`
}

const moment = fc
  .tuple(
    fc.date({ min: new Date('1970-01-02'), max: new Date('2026-12-31'), noInvalidDate: true }),
    fc.oneof(fc.constant(0), fc.integer({ min: -23 * 60, max: 23 * 60 })),
  )
  .map(([date, offset]) => date.toISOString().replace('Z', offsetOf(offset)))

function textOf({ pattern, format, maxLength }: Schema): Arbitrary<unknown> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern))
  if (format === 'date-time') return moment
  return maxLength === undefined ? anyText : fc.string({ maxLength })
}

function objectOf({ properties, required = [], additionalProperties }: Schema, known: KnownValues) {
  if (!properties) {
    return additionalProperties === true ? fc.dictionary(anyText, fc.jsonValue()) : fc.constant({})
  }
  const members = Object.entries(properties)
    .filter(([name]) => !LEFT_ALONE.includes(name))
    .map(([name, schema]) => [name, valueOf(schema, known, name)] as const)
  return fc.record(Object.fromEntries(members), { requiredKeys: required })
}

function arrayOf(
  { items = {}, minItems = 0, maxItems = MAX_ITEMS }: Schema,
  known: KnownValues,
  name: string,
) {
  const options = { minLength: minItems, maxLength: Math.min(maxItems, MAX_ITEMS) }
  return fc.array(valueOf(items, known, name.replace(/s$/, '')), options)
}

const byType: Record<string, (schema: Schema, known: KnownValues, name: string) => Arbitrary<unknown>> = {
  object: objectOf,
  array: arrayOf,
  string: textOf,
  integer: ({ minimum = -(2 ** 31), maximum = 2 ** 31 }) => fc.integer({ min: minimum, max: maximum }),
  number: () => fc.double({ noNaN: true, noDefaultInfinity: true }),
  boolean: () => fc.boolean(),
  null: () => fc.constant(null),
}

function anyOf(schema: Schema, known: KnownValues, name: string): Arbitrary<unknown> {
  const actual = resolve(schema)
  if (actual.enum) return fc.constantFrom(...actual.enum)
  if (actual.anyOf) return fc.oneof(...actual.anyOf.map((branch) => anyOf(branch, known, name)))
  const types = [actual.type ?? []].flat()
  if (types.length === 0) return fc.jsonValue()
  return fc.oneof(...types.map((type) => byType[type]?.(actual, known, name) ?? fc.jsonValue()))
}

/** A value that the document allows there: one known from earlier where there is any, half of the time. */
export function valueOf(schema: Schema, known: KnownValues = {}, name = ''): Arbitrary<unknown> {
  const seen = known[name] ?? []
  const made = anyOf(schema, known, name).filter((value) => isAllowed(schema, value))
  return seen.length === 0 ? made : fc.oneof(fc.constantFrom(...seen), made)
}

/** A value that the document does not allow there. */
export function wrongValueOf(schema: Schema): Arbitrary<unknown> {
  const near = fc.constantFrom(
    ...[null, '', ' ', '0', 'null', '\u0000', 'x'.repeat(501), -1, 0, 0.5, 1e9, 1e300, true, [], [[]], {}],
    { toString: 1 },
    '2026-02-30T00:00:00Z',
    '2026-11-23',
  )
  return fc.oneof(near, fc.jsonValue()).filter((value) => !isAllowed(schema, value))
}
