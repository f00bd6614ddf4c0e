import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { toBodyText } from '../../src/domain/event-body.ts'
import { parseEscapedNames } from '../../src/domain/json-names.ts'
import { ERROR_STATUS } from '../../src/errors.ts'
import { buildSerializer } from '../../src/plugins/serializers.ts'
import { COMPONENTS } from '../../src/schemas/components.ts'
import { EVENT_STATUSES, type EventAnswer, type JsonObject } from '../../src/schemas/event.ts'

const REFERENCE = '#/components/schemas/'
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

interface Response {
  content?: Record<string, { schema: object }>
}
interface Document {
  paths: Record<string, Record<string, { responses?: Record<string, Response> }>>
  components: { schemas: Record<string, object> }
}

const document = JSON.parse(
  readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8'),
) as Document

const ajv = new Ajv2020({ strict: false, formats: { 'date-time': TIMESTAMP } })
ajv.addSchema(document, 'openapi')

/** Whether events are somewhere inside what the schema describes. */
function hasEvents(schema: object): boolean {
  const names = [...JSON.stringify(schema).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)]
  return names.some(([, name = '']) => name === 'Event' || hasEvents(document.components.schemas[name] ?? {}))
}

/** The schemas of all answers with events in them, without what only people read, as the routes have them. */
function schemasWithEvents(): string[] {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
  const responses = operations.flatMap(({ responses = {} }) => Object.values(responses))
  const schemas = responses.flatMap(({ content = {} }) => Object.values(content).map(({ schema }) => schema))
  return [...new Set(schemas.filter(hasEvents).map((schema) => JSON.stringify(schema)))].sort()
}

const components = Object.fromEntries(
  COMPONENTS.map((schema) => [(schema as { $id?: string }).$id ?? '', schema]),
) as unknown
const [spliced, whole] = [buildSerializer(components, {}), SerializerSelector()(components, {})]

type Compile = typeof whole
type Route = Parameters<Compile>[0]

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\ud800', 'a\udc00b', '\u2028\u2029', '"', '\\', '\u0000', '🙂', '}', '"payload":'),
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true, false, 0, -0, 1e21, Number.MAX_SAFE_INTEGER, [], {}),
    fc.array(tie('value'), { maxLength: 4 }),
    // A name that is refused where events are accepted (domain/json-text.ts).
    fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))
const object = fc.dictionary(
  fc.oneof(text, fc.constantFrom('payload', 'metadata', 'toJSON', 'constructor', 'event_id')),
  value,
  { maxKeys: 5, noNullPrototype: true },
) as fc.Arbitrary<JsonObject>
const moment = fc
  .date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString())
const nullable = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: null })

const event: fc.Arbitrary<EventAnswer> = fc.record({
  event_id: text,
  event_type: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,20}$/),
  payload: fc.oneof(object, fc.constant({})),
  metadata: nullable(object),
  status: fc.constantFrom(...EVENT_STATUSES),
  created_at: moment,
  delivered_at: nullable(moment),
  delivery_attempts: fc.nat(),
  available_at: nullable(moment),
  lease_expires_at: nullable(moment),
  last_failure_reason: nullable(text),
  failed_at: nullable(moment),
})
const events = fc.array(event, { maxLength: 4 })
const details = fc.array(fc.record({ field: text, message: text, code: text }), { maxLength: 3 })
const error = fc.record(
  { error: fc.constantFrom(...Object.keys(ERROR_STATUS)), message: text, details },
  { requiredKeys: ['error', 'message'] },
)
const result = fc.oneof(
  fc.record({ status: fc.constant(201), event }),
  fc.record({ status: fc.constantFrom(400, 413, 422), error }),
)

/** What the answers of each schema may be. */
const ANSWERS: Record<string, fc.Arbitrary<object>> = {
  [JSON.stringify({ $ref: `${REFERENCE}Event` })]: event,
  [JSON.stringify({ items: { $ref: `${REFERENCE}Event` }, type: 'array' })]: events,
  [JSON.stringify({ $ref: `${REFERENCE}Claimed` })]: fc.record({
    lease_id: nullable(text),
    lease_expires_at: nullable(moment),
    events,
  }),
  [JSON.stringify({ $ref: `${REFERENCE}BatchResults` })]: fc.record({
    results: fc.array(result, { maxLength: 4 }),
  }),
}

/** The answer as the service handles it: with the client's data as text. */
function withBodies(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(withBodies)
  if (typeof answer !== 'object' || answer === null) return answer
  if ('payload' in answer && 'event_type' in answer) {
    const { payload, metadata, ...head } = answer as EventAnswer
    return { ...head, body: toBodyText({ payload, metadata }) }
  }
  return Object.fromEntries(Object.entries(answer).map(([name, member]) => [name, withBodies(member)]))
}

const compile = (compiler: Compile, schema: string) =>
  compiler({
    schema: JSON.parse(schema.replaceAll(/#\/components\/schemas\/(\w+)/g, '$1#')) as object,
  } as Route)

/** V8's own parser confuses names that are written with escapes. */
const parse = (text: string) => parseEscapedNames(text, JSON.parse)

t.strictSame(schemasWithEvents(), Object.keys(ANSWERS).sort(), 'no answer with events goes untested')

for (const [schema, answers] of Object.entries(ANSWERS)) {
  t.test(`answers of ${schema} are what printing them whole gives`, (t) => {
    const print = compile(spliced, schema)
    const printWhole = compile(whole, schema)
    const isDocumented = ajv.compile(
      JSON.parse(schema.replaceAll(REFERENCE, `openapi${REFERENCE}`)) as object,
    )
    fc.assert(
      fc.property(answers, (answer) => {
        const printed = print(withBodies(answer))
        const parsed = parse(printed)
        assert.deepEqual(parsed, parse(printWhole(answer)), 'as the usual serializer prints it')
        assert.deepEqual(parsed, parse(JSON.stringify(answer)), 'as JSON has it')
        assert.ok(isDocumented(parsed), JSON.stringify(isDocumented.errors))
        assert.equal(Buffer.from(printed).toString(), printed, 'it can be sent as UTF-8')
      }),
      { numRuns: 150 },
    )
    t.end()
  })
}

t.test('members that the schema does not have are not answered', (t) => {
  const schema = JSON.stringify({ $ref: `${REFERENCE}BatchResults` })
  const secret = 'internal'
  const results = [{ status: 400, error: { error: 'invalid_request', message: 'm', secret }, secret }]
  t.notMatch(compile(spliced, schema)({ results, secret }), secret)
  t.end()
})

t.test('answers without events are printed as usual, and each schema is compiled once', (t) => {
  const route = { schema: { $ref: 'Redriven#' } } as unknown as Route
  const value = { matched: 1, redriven: 0, next_cursor: null }
  t.strictSame(JSON.parse(spliced(route)(value)), value)
  t.equal(spliced(route), spliced({ ...route }))
  t.end()
})
