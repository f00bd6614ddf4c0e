import { startDynamoDBLocal } from '../../test/support/dynamodb-local.ts'
import { measureVerbs, openBench, type Costs } from '../cost-verbs.ts'
import { orderPayload, randomPayload } from '../payloads.ts'
import { toTable, type Section } from './section.ts'

const SIZES = [1, 4, 16, 64, 256]
const VERBS = [
  'create',
  'keyed create',
  'first claim',
  'later claim',
  'extend',
  'release',
  'nack',
  'acknowledge',
  'redrive',
  'get',
  'list 50',
  'inbox 100',
]

function cell(costs: Costs, verb: string): string {
  const { read, write, events } = costs.get(verb) ?? { read: 0, write: 0 }
  const parts = [write > 0 ? `${write} w` : '', read > 0 ? `${read} r` : '']
  const text = parts.filter((part) => part !== '').join(' + ')
  return events === undefined ? text : `${text} (${events})`
}

const KINDS = [
  ['Whole items of this size as stored: random text.', randomPayload],
  ['JSON of this size that compresses well: order lines.', async (size: number) => orderPayload(size)],
] as const

function table(bySize: Costs[]): string {
  const rows = VERBS.map((verb) => [verb, ...bySize.map((costs) => cell(costs, verb))])
  return toTable(['', ...SIZES.map((size) => `${size} KB`)], rows)
}

/** What each verb costs in read and write units, by the store's own accounting. */
export async function measureCosts(): Promise<Section> {
  const store = await startDynamoDBLocal()
  const bench = await openBench(store.endpoint)
  try {
    const parts = ['w: write units, r: read units, (n): events answered; table and indexes together.']
    const data: Record<string, unknown> = {}
    for (const [title, payloadOf] of KINDS) {
      const bySize: Costs[] = []
      for (const size of SIZES) bySize.push(await measureVerbs(bench, await payloadOf(size)))
      parts.push(title, table(bySize))
      data[title] = bySize.map((costs) => Object.fromEntries(costs))
    }
    return { title: 'Units of DynamoDB', text: parts.join('\n\n'), data }
  } finally {
    await bench.close()
    await store.stop()
  }
}
