import { Ajv, type ErrorObject, type SchemaObject } from 'ajv'
import { parseRfc3339 } from './rfc3339.ts'
import type { FieldFault } from '../errors.ts'

const OPTIONS = {
  allErrors: true,
  useDefaults: true,
  strict: false,
  // Gives errors the schema that was broken.
  verbose: true,
  // Every app has copies of the schemas; kept by their names, those of a second one would meet the first one's.
  addUsedSchema: false,
  formats: { 'date-time': (text: string) => !Number.isNaN(parseRfc3339(text)) },
}
/** Bodies are strict: `"42"` is no number, and unknown members are faults rather than dropped. */
const strict = new Ajv(OPTIONS)
/** The environment has only texts. */
const coercing = new Ajv({ ...OPTIONS, coerceTypes: true })

/** Our only use of `not`: of two members the second must not be given together with the first. */
interface Exclusive {
  required: [string, string]
}

/** How a broken keyword of JSON Schema is told: a stable code and words that never repeat the value. */
const RULES: Record<string, (error: ErrorObject) => Omit<FieldFault, 'field'>> = {
  required: () => ({ code: 'required', message: 'is required' }),
  additionalProperties: () => ({ code: 'unknown', message: 'is not known here' }),
  type: ({ params }) => ({ code: 'type', message: `must be ${[params['type']].flat().join(' or ')}` }),
  enum: ({ params }) => ({
    code: 'enum',
    message: `must be one of ${(params['allowedValues'] as string[]).join(', ')}`,
  }),
  pattern: ({ params }) => ({ code: 'pattern', message: `must match ${String(params['pattern'])}` }),
  format: () => ({ code: 'format', message: 'must be an RFC 3339 date and time (in a URL, write + as %2B)' }),
  minimum: ({ params }) => ({ code: 'range', message: `must be at least ${String(params['limit'])}` }),
  maximum: ({ params }) => ({ code: 'range', message: `must be at most ${String(params['limit'])}` }),
  minItems: ({ params }) => ({
    code: 'length',
    message: `must have at least ${String(params['limit'])} element`,
  }),
  maxItems: ({ params }) => ({
    code: 'length',
    message: `must have at most ${String(params['limit'])} elements`,
  }),
  not: ({ schema }) => ({
    code: 'exclusive',
    message: `must not be given together with ${(schema as Exclusive).required[0]}`,
  }),
  maxLength: ({ params }) => ({
    code: 'length',
    message: `must have at most ${String(params['limit'])} characters`,
  }),
}

const MAX_FIELD_LENGTH = 200

/** @returns `payload.items[0]` for `/payload/items/0` and a missing or unknown member below it. */
function fieldOf({ instancePath, params, keyword, schema }: ErrorObject, whole: string): string {
  const names = instancePath.split('/').slice(1)
  const exclusive = keyword === 'not' ? (schema as Exclusive).required[1] : undefined
  const member: unknown = params['missingProperty'] ?? params['additionalProperty'] ?? exclusive
  if (typeof member === 'string') names.push(member)
  const field = names.reduce((parent, name) => {
    if (/^\d+$/.test(name)) return `${parent}[${name}]`
    return parent === '' ? name : `${parent}.${name}`
  }, '')
  return field.slice(0, MAX_FIELD_LENGTH) || whole
}

/** Checks a value, fills in defaults, and gives every fault; none when the value is valid. */
export type Validator = (value: unknown) => FieldFault[]

/**
 * @param schema A TypeBox value.
 * @param whole What to call the value itself when it is at fault as a whole.
 * @param isText Whether the members arrive as texts and are to be converted.
 */
export function createValidator(schema: object, whole: string, isText = false): Validator {
  // Without its name: Ajv knows each name once, and every app that is built has a copy of the schema.
  const nameless: SchemaObject = { ...schema }
  delete nameless.$id
  const validate = (isText ? coercing : strict).compile(nameless)
  return (value) => {
    if (validate(value)) return []
    return (validate.errors ?? []).map((error) => ({
      field: fieldOf(error, whole),
      ...(RULES[error.keyword]?.(error) ?? { code: error.keyword, message: error.message ?? 'is not valid' }),
    }))
  }
}
