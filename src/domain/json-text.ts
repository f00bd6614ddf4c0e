import type { FieldFault } from '../errors.ts'
import { parseEscapedNames } from './json-names.ts'
import { scanJson, type Scan, type Span } from './json-scan.ts'

/** How deep arrays and objects may be nested, counted from the root of the body. */
export const MAX_DEPTH = 64

/** Stands in a parsed value where the text had a number that a double cannot keep. */
class UnkeepableNumber {
  readonly code: string
  readonly message: string

  constructor(code: string, message: string) {
    this.code = code
    this.message = message
  }
}

/** `JSON.parse` gives its reviver the source text of primitives (https://tc39.es/proposal-json-parse-with-source). */
function markUnkeepable(_name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number') return value
  if (!Number.isFinite(value))
    return new UnkeepableNumber('number_overflow', 'is larger than a double can be')
  const isInteger = /^-?\d+$/.test(context?.source ?? '')
  if (!isInteger || Number.isSafeInteger(value)) return value
  return new UnkeepableNumber(
    'integer_out_of_range',
    'is an integer beyond ±(2^53−1), which JSON clients round',
  )
}

const MAX_FIELD_LENGTH = 200

function fieldAt(parent: string, name: string | number): string {
  if (typeof name === 'number') return `${parent}[${name}]`
  return (parent === '' ? name : `${parent}.${name}`).slice(0, MAX_FIELD_LENGTH)
}

function findUnkeepable(value: unknown, field: string, faults: FieldFault[]): void {
  if (value instanceof UnkeepableNumber) {
    faults.push({ field: field || 'body', message: value.message, code: value.code })
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      findUnkeepable(item, fieldAt(field, index), faults)
    })
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      const at = fieldAt(field, name)
      if (name === '__proto__') {
        faults.push({ field: at, message: 'is a name that cannot be kept', code: 'forbidden_name' })
      }
      findUnkeepable(member, at, faults)
    }
  }
}

/** A JSON text read, and what in it could not be kept equal. With faults the value is not to be used. */
export interface ReadJson {
  value: unknown
  faults: FieldFault[]
}

/** The fault of a text that cannot be read at all. */
export function bodyFault(code: string, message: string): FieldFault {
  return { field: 'body', message, code }
}

const tooDeep = () => bodyFault('too_deep', `is nested deeper than ${MAX_DEPTH} levels`)

/** Parses a text that was scanned. Throws a SyntaxError when it is not JSON. */
function parse(text: string, { hasLongNumber, hasProto, hasEscapedName }: Scan): unknown {
  const parseNumbers = (json: string): unknown =>
    hasLongNumber || hasProto ? JSON.parse(json, markUnkeepable) : JSON.parse(json)
  return hasEscapedName ? parseEscapedNames(text, parseNumbers) : parseNumbers(text)
}

function faultsIn(value: unknown, { hasLongNumber, hasProto }: Scan): FieldFault[] {
  const faults: FieldFault[] = []
  if (hasLongNumber || hasProto) findUnkeepable(value, '', faults)
  return faults
}

const notJson = (): ReadJson => ({
  value: undefined,
  faults: [bodyFault('invalid_json', 'is not valid JSON')],
})

/**
 * Parses a JSON text (UTF-8) strictly: whatever would not come back equal is reported with its field instead of being
 * altered or dropped. Duplicate members: the last wins, as in `JSON.parse`.
 */
export function readJson(bytes: Buffer): ReadJson {
  const scan = scanJson(bytes)
  if (scan.depth > MAX_DEPTH) return { value: undefined, faults: [tooDeep()] }
  try {
    const value = parse(bytes.toString(), scan)
    return { value, faults: faultsIn(value, scan) }
  } catch {
    return notJson()
  }
}

/** One element of an array: what it is, how long its text was, and what in it could not be kept. */
export interface ReadElement extends ReadJson {
  bytes: number
}

export interface ReadArray extends ReadJson {
  elements: ReadElement[]
}

/** Looks at one element by itself: a fault in another one, however deep that is, is not its own. */
function readElement(bytes: Buffer, { start, end, depth }: Span, element: unknown, scan: Scan): ReadElement {
  const length = end - start
  if (depth > MAX_DEPTH) return { value: undefined, bytes: length, faults: [tooDeep()] }
  if (!scan.hasLongNumber && !scan.hasProto && !scan.hasEscapedName)
    return { value: element, bytes: length, faults: [] }
  const value = parse(bytes.toString('utf8', start, end), scan)
  return { value, bytes: length, faults: faultsIn(value, scan) }
}

/**
 * Parses a JSON object whose member `name` is an array of objects that are taken each by itself: what cannot be kept is
 * reported with its element, and only a text that is not JSON is at fault as a whole.
 */
export function readJsonArray(bytes: Buffer, name: string): ReadArray {
  const scan = scanJson(bytes)
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    return { ...notJson(), elements: [] }
  }
  const array = (value as Record<string, unknown> | null)?.[name]
  if (!Array.isArray(array)) return { value, faults: [], elements: [] }
  const spans = scan.elements.values()
  const elements = array.map((element: unknown): ReadElement => {
    const span = isContainer(element) ? spans.next().value : undefined
    return span ? readElement(bytes, span, element, scan) : { value: element, bytes: 0, faults: [] }
  })
  return { value, faults: [], elements }
}

const isContainer = (value: unknown) => typeof value === 'object' && value !== null
