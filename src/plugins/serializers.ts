import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import { Event } from '../schemas/event.ts'

const select = SerializerSelector()

type Components = Parameters<typeof select>[0]
type Compile = ReturnType<typeof select>
type Serialize = ReturnType<Compile>

interface Schema {
  $ref?: string
  items?: Schema
  properties?: Record<string, Schema>
}

/** The client's members of an event: they are spliced in behind those that the service makes. */
const BODY = ['payload', 'metadata']
const HEAD = Object.fromEntries(
  Object.entries((Event as Schema).properties ?? {}).filter(([name]) => !BODY.includes(name)),
)

const compileSchema = (compile: Compile, schema: object) => compile({ schema } as Parameters<Compile>[0])

/** Puts the client's data, which are JSON text, where the head of the event ends. */
function eventSerializer(compile: Compile): Serialize {
  const headOf = compileSchema(compile, { type: 'object', properties: HEAD })
  return (event: Event) => `${headOf(event).slice(0, -1)},${event.body.slice(1)}`
}

function arraySerializer(item: Serialize): Serialize {
  return (values: unknown[]) => {
    let text = ''
    for (const value of values) text += text === '' ? item(value) : `,${item(value)}`
    return `[${text}]`
  }
}

function objectSerializer(members: [string, Serialize][]): Serialize {
  return (value: Record<string, unknown>) => {
    const given = members.filter(([name]) => value[name] !== undefined)
    return `{${given.map(([name, serialize]) => `"${name}":${serialize(value[name])}`).join(',')}}`
  }
}

/** From this length on an answer is given to Node as bytes: a text is copied twice more on its way out. */
const LONG = 16_384

function asBytes(serialize: Serialize): (value: unknown) => string | Buffer {
  return (value) => {
    const text = serialize(value)
    return text.length < LONG ? text : Buffer.from(text)
  }
}

/** What those who print a schema with events need. */
interface Context {
  components: Components
  compile: Compile
  event: Serialize
}

/**
 * @returns What prints values of a schema that has events somewhere inside, undefined when it has none. Printing their
 *   payloads again, after parsing them, would be most of the work of reading an inbox.
 */
function serializerWithEvents(schema: Schema, context: Context): Serialize | undefined {
  const { components, compile, event } = context
  if (schema.$ref === 'Event#') return event
  if (schema.$ref !== undefined) {
    const named = (components as Record<string, Schema>)[schema.$ref.replace('#', '')]
    return named && serializerWithEvents(named, context)
  }
  if (schema.items) {
    const item = serializerWithEvents(schema.items, context)
    return item && arraySerializer(item)
  }
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, member]) => [name, member, serializerWithEvents(member, context)] as const,
  )
  if (members.every(([, , serialize]) => serialize === undefined)) return undefined
  return objectSerializer(
    members.map(([name, member, serialize]) => [name, serialize ?? compileSchema(compile, member)]),
  )
}

/**
 * Compiles a serializer once for each schema instead of once for each route and status: the error envelope alone
 * stands under a hundred of them, and compiling was two thirds of the time that an app takes to start.
 */
export const buildSerializer: typeof select = (components, options) => {
  const compile = select(components, options)
  const context = { components, compile, event: eventSerializer(compile) }
  const known = new Map<string, Serialize>()
  return (route) => {
    const key = JSON.stringify(route.schema)
    let serialize = known.get(key)
    if (!serialize) {
      const withEvents = serializerWithEvents(route.schema as Schema, context)
      // Fastify sends bytes as well, whatever its types say.
      serialize = withEvents ? (asBytes(withEvents) as Serialize) : compile(route)
      known.set(key, serialize)
    }
    return serialize
  }
}
