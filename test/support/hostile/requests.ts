import fc, { type Arbitrary } from 'fast-check'
import { isAllowed, resolve, type Operation, type Parameter } from './document.ts'
import { valueOf, wrongValueOf, type KnownValues } from './values.ts'

/** A request before it is sent: everything can still be changed. */
export interface Draft {
  operation: Operation
  path: Record<string, string>
  query: [name: string, value: string][]
  headers: Record<string, string>
  /** The body as text; undefined where there is none. */
  body: string | undefined
}

/** A request that the document does not allow, and what it must be answered. */
export interface WrongDraft extends Draft {
  what: string
  status: number
  error: string
}

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** What Node's client lets through; whatever else can be in a header is sent as raw bytes elsewhere. */
const isHeaderValue = (text: string) => /^[\x20-\x7e]*$/.test(text) && text.trim() === text

function parametersOf(operation: Operation, place: Parameter['in'], known: KnownValues) {
  const wanted = operation.parameters.filter(
    (parameter) => parameter.in === place && parameter.name !== 'cursor',
  )
  const values = wanted.map(({ name, schema }) => [name, valueOf(schema, known, name).map(asText)] as const)
  const requiredKeys = wanted.filter(({ required }) => required).map(({ name }) => name)
  return fc.record(Object.fromEntries(values), { requiredKeys }) as Arbitrary<Record<string, string>>
}

function bodyOf({ body }: Operation, known: KnownValues): Arbitrary<string | undefined> {
  if (!body) return fc.constant(undefined)
  const text = valueOf(body.schema, known).map((value) => JSON.stringify(value))
  return body.isRequired ? text : fc.option(text, { nil: undefined })
}

/** A request that the document allows. */
export function validRequest(operation: Operation, known: KnownValues): Arbitrary<Draft> {
  return fc
    .record({
      // An empty id is another path.
      path: parametersOf(operation, 'path', known).filter((values) => Object.values(values).every(Boolean)),
      query: parametersOf(operation, 'query', known).map((values) => Object.entries(values)),
      headers: parametersOf(operation, 'header', known),
      body: bodyOf(operation, known),
    })
    .map((parts) => ({ operation, ...parts }))
}

type Wrong = Pick<WrongDraft, 'what' | 'status' | 'error'> & Partial<Draft>

const refusedField = { status: 400, error: 'invalid_request' }

function wrongQueries({ query, operation }: Draft): Arbitrary<Wrong>[] {
  const parameters = operation.parameters.filter((parameter) => parameter.in === 'query')
  const known = parameters.map(({ name }) => name)
  const unknown = fc
    .tuple(fc.string({ minLength: 1 }), fc.string())
    .filter(([name]) => !known.includes(name))
    .map((extra) => ({ what: 'an unknown parameter', query: [...query, extra], ...refusedField }))
  const wrong = parameters
    .filter(({ name }) => name !== 'cursor')
    .flatMap(({ name, schema }) => {
      const others = query.filter(([other]) => other !== name)
      const isInteger = schema.type === 'integer'
      const value = fc
        .oneof(fc.string(), wrongValueOf(schema).map(asText))
        .filter((text) => !isAllowed(schema, isInteger && /^\d{1,15}$/.test(text) ? Number(text) : text))
      const repeated = value.map((text) => [...others, [name, text], [name, text]] as Draft['query'])
      return [
        value.map((text) => ({ what: `a wrong ${name}`, query: [...others, [name, text]], ...refusedField })),
        repeated.map((twice) => ({ what: `${name} twice`, query: twice, ...refusedField })),
      ] as Arbitrary<Wrong>[]
    })
  return [unknown, ...wrong]
}

function wrongBodies({ body, operation }: Draft): Arbitrary<Wrong>[] {
  if (!operation.body) return []
  const { schema } = operation.body
  const whole = JSON.parse(body ?? '{}') as Record<string, unknown> | null
  const { properties = {} } = resolve(schema)
  const refused = (what: string) => (value: unknown) => ({
    what,
    body: JSON.stringify(value),
    ...refusedField,
  })
  const isRefused = (value: unknown) => !isAllowed(schema, value)
  const others = wrongValueOf(schema).map(refused('another body'))
  const extra = fc
    .tuple(fc.string(), fc.jsonValue())
    .map(([name, value]) => ({ ...whole, [name]: value }))
    .filter(isRefused)
    .map(refused('an unknown member'))
  const members = Object.entries(properties).flatMap(([name, member]) => {
    const replaced = wrongValueOf(member).map((value) => ({ ...whole, [name]: value }))
    return [replaced.filter(isRefused).map(refused(`a wrong ${name}`))]
  })
  const missing = (resolve(schema).required ?? []).map((name) => {
    const rest = Object.entries(whole ?? {}).filter(([other]) => other !== name)
    return fc.constant(Object.fromEntries(rest)).map(refused(`no ${name}`))
  })
  return [others, extra, ...members, ...missing]
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The text of a body with one character more, less or other, so that it is no JSON any more. */
function brokenBodies({ body, operation }: Draft): Arbitrary<Wrong>[] {
  if (!operation.body) return []
  const text = body ?? '{}'
  const broken = fc
    .tuple(fc.nat(text.length), fc.nat(2), fc.string({ maxLength: 2 }))
    .map(([at, drop, insert]) => text.slice(0, at) + insert + text.slice(at + drop))
    .filter((changed) => changed.length > 0 && !isJson(changed))
  return [broken.map((changed) => ({ what: 'no JSON', body: changed, ...refusedField }))]
}

function wrongHeaders({ headers, body, operation }: Draft): Arbitrary<Wrong>[] {
  const { parameters } = operation
  const wrong = parameters
    .filter((parameter) => parameter.in === 'header')
    .map(({ name, schema }) =>
      fc
        .string({ maxLength: 300 })
        .filter((text) => isHeaderValue(text) && !isAllowed(schema, text))
        .map((text) => ({ what: `a wrong ${name}`, headers: { ...headers, [name]: text }, ...refusedField })),
    )
  const keys = fc.oneof(
    fc.constant(''),
    fc.string().filter(isHeaderValue),
    fc.constant(`Bearer trg_${'0'.repeat(16)}_`),
  )
  const noKey = keys.map((authorization) => ({
    what: 'no valid key',
    headers: { ...headers, authorization },
    status: 401,
    error: 'unauthorized',
  }))
  if (body === undefined || body === '') return [...wrong, noKey]
  const types = fc.oneof(
    fc.constantFrom('text/plain', 'application/xml', ''),
    fc.string().filter(isHeaderValue),
  )
  const unsupported = { status: 415, error: 'unsupported_media_type' }
  const noJson = types
    .filter((type) => !/^application\/json\s*(;|$)/i.test(type))
    .map((type) => ({ what: 'another type', headers: { ...headers, 'content-type': type }, ...unsupported }))
  const packed = fc
    .constantFrom('gzip', 'deflate', 'br', 'zstd', 'compress', 'identity, gzip', 'x')
    .map((encoding) => ({
      what: encoding,
      headers: { ...headers, 'content-encoding': encoding },
      ...unsupported,
    }))
  return [...wrong, noKey, noJson, packed]
}

/** A request of the document with one thing wrong, which the document does not allow. */
export function wrongRequest(operation: Operation, known: KnownValues): Arbitrary<WrongDraft> {
  return validRequest(operation, known).chain((draft) => {
    const bodies = [...wrongBodies(draft), ...brokenBodies(draft)]
    const ways = [...wrongQueries(draft), ...wrongHeaders(draft), ...bodies]
    return fc.oneof(...ways).map((wrong) => ({ ...draft, ...wrong }))
  })
}

/** The target of a request: its path with its query. */
export function targetOf({ operation, path, query }: Draft): string {
  const filled = operation.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
    encodeURIComponent(path[name] ?? ''),
  )
  const search = query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
  return search === '' ? filled : `${filled}?${search}`
}
