import { parseArgs } from 'node:util'
import { ENDPOINTS, type Endpoint } from './endpoints.ts'
import { VARIANTS, type Variant } from './variants.ts'

export interface BenchOptions {
  endpoints: Endpoint[]
  variants: Variant[]
  rounds: number
  seconds: number
  warmUpSeconds: number
  connections: number
  /** For how many requests memory is watched. */
  requests: number
  sections: (SectionName | OtherSection)[]
  /** The folder of another checkout. */
  against: string | undefined
  json: string | undefined
  writesResults: boolean
}

/** What can be measured, each by a flag of its own. */
export const SECTIONS = {
  throughput: 'what each request costs, beside the floor and the plain service (the default)',
  latency: 'what one client alone waits for, beside the floor (3 minutes)',
  watching: 'the part that metrics, logs and traces have of it (7 minutes)',
  profile: 'into whose code the time of a request goes, beside the floor (3 minutes)',
  'long-polls': 'what consumers cost that wait (a minute)',
  start: 'how long the process takes to its first answer (a minute)',
  memory: 'whether memory stays flat over many requests (10 minutes)',
  growth: 'whether it matters how many events there are, up to a million, beside the floor (20 minutes)',
  costs: 'read and write units of each verb, by the store’s own accounting (a minute)',
} as const
export type SectionName = keyof typeof SECTIONS
/** Sections without a flag of their own. */
type OtherSection = 'against'
const NAMES = Object.keys(SECTIONS) as SectionName[]

export const HELP = `Usage: npm run -s bench -- [options]

Measures what requests cost the server, beside two others that answer the same over the same table:
floor   node:http and undici, and nothing but the signed calls to DynamoDB
plain   Fastify, the SDK, the default logger and the stock instrumentations, as the quick starts have it

Needs Linux and a Java runtime. Everything runs on 127.0.0.1 and ends with it.

Sections; several may be given:
${NAMES.map((name) => `  --${name.padEnd(16)} ${SECTIONS[name]}`).join('\n')}

Options:
  --endpoints a,b    of ${ENDPOINTS.map(({ name }) => name).join(', ')}; all by default
  --variants a,b     of ${VARIANTS.join('; ')}; all by default
  --rounds N         how often each is measured (3), after a round that only warms up
  --seconds N        how long each time (3)
  --warm-up N        seconds of load before each of them (1)
  --connections N    of the load generator (32)
  --requests N       for which memory is watched (500,000)
  --against FOLDER   a section too: beside the service of another checkout of this project, with its packages (7 minutes)
  --quick            one round of one second: a look, not a result
  --json FILE        writes every measurement
  --write-results    writes each section to bench/RESULTS.md
  --help             this text
`

const OPTIONS = {
  ...(Object.fromEntries(NAMES.map((name) => [name, { type: 'boolean' }])) as Record<
    SectionName,
    { type: 'boolean' }
  >),
  endpoints: { type: 'string' },
  variants: { type: 'string' },
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '3' },
  'warm-up': { type: 'string', default: '1' },
  connections: { type: 'string', default: '32' },
  requests: { type: 'string', default: '500000' },
  quick: { type: 'boolean', default: false },
  against: { type: 'string' },
  json: { type: 'string' },
  'write-results': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** A fault of the command line, told without a stack. */
export class UsageError extends Error {}

/** Picks those that a list names; all where there is no list. */
function pick<Item>(given: string | undefined, all: readonly Item[], nameOf: (item: Item) => string): Item[] {
  if (given === undefined) return [...all]
  return given.split(/[,;]/).map((name) => {
    const found = all.find((item) => nameOf(item) === name.trim())
    if (found === undefined)
      throw new UsageError(`There is no ${name}; there are ${all.map(nameOf).join('; ')}`)
    return found
  })
}

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new UsageError(`--${name} must be a number above 0`)
  return number
}

/** @returns undefined where help is asked for. Throws `UsageError`. */
export function readOptions(args: string[]): BenchOptions | undefined {
  const { values } = parseArgs({ args, options: OPTIONS })
  if (values.help) return undefined
  const { quick } = values
  const { against } = values
  const sections = [
    ...NAMES.filter((name) => values[name]),
    ...(against === undefined ? [] : (['against'] as const)),
  ]
  return {
    endpoints: pick(values.endpoints, ENDPOINTS, ({ name }) => name),
    variants: pick(values.variants, VARIANTS, String),
    rounds: quick ? 1 : numberOf('rounds', values.rounds),
    seconds: quick ? 1 : numberOf('seconds', values.seconds),
    warmUpSeconds: numberOf('warm-up', values['warm-up']),
    connections: numberOf('connections', values.connections),
    requests: numberOf('requests', values.requests),
    sections: sections.length > 0 ? sections : ['throughput'],
    against,
    json: values.json,
    writesResults: values['write-results'],
  }
}
