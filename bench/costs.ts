/** `npm run bench:costs`: what each verb costs, by the store's own accounting. */
import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts'
import { measureVerbs, openBench, type Costs } from './cost-verbs.ts'
import { orderPayload, randomPayload } from './payloads.ts'

const HELP = `Usage: npm run -s bench:costs

Prints the read and write units that each verb costs, as DynamoDB Local accounts for them
(ReturnConsumedCapacity, table and indexes together), for events of 1, 4, 16, 64 and 256 KB:
first where the whole item is that large as stored (random text), then where the JSON is that
large and compresses well. Needs a Java runtime; starts a store of its own, in memory.
`

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

function table(bySize: Costs[]): string {
  const rows = [
    ['', ...SIZES.map((size) => `${size} KB`)],
    SIZES.map(() => '---').concat('---'),
    ...VERBS.map((verb) => [verb, ...bySize.map((costs) => cell(costs, verb))]),
  ]
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

async function main(): Promise<void> {
  const store = await startDynamoDBLocal()
  try {
    const bench = await openBench(store.endpoint)
    const kinds = [
      ['Whole items of this size as stored: random text', randomPayload],
      ['JSON of this size that compresses well: order lines', async (size: number) => orderPayload(size)],
    ] as const
    process.stdout.write('w: write units, r: read units, (n): events answered\n')
    for (const [title, payloadOf] of kinds) {
      const bySize: Costs[] = []
      for (const size of SIZES) bySize.push(await measureVerbs(bench, await payloadOf(size)))
      process.stdout.write(`\n${title}\n\n${table(bySize)}\n`)
    }
    await bench.close()
  } finally {
    await store.stop()
  }
}

if (process.argv.slice(2).some((argument) => ['--help', '-h'].includes(argument))) process.stdout.write(HELP)
else await main()
