/** `npm run bench:contention`: how often consumers get in each other’s way, and how fairly they share. */
import { parseArgs } from 'node:util'
import { migrate } from '../src/dynamodb/migrate.ts'
import { createClient } from '../src/dynamodb/client.ts'
import { CONSUMERS, ConsumerProcesses, SCENARIOS } from '../test/support/contention/contention.ts'
import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts'
import { createStores } from '../test/support/table.ts'

const HELP = `Usage: npm run -s bench:contention -- [--rounds N] [--work-ms MS]...

${CONSUMERS} consumers claim 1,000 events, ten at a time, and acknowledge them; in one process and over
five, on DynamoDB Local. Needs a Java runtime.

  --rounds N    how often everything is measured (1)
  --work-ms MS  how long a consumer works on what it claimed; may be repeated (0 and 200)
`
const TABLE = 'contention'
const SIZE = { events: 1_000, eventsPerClaim: 10 }

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    'work-ms': { type: 'string', multiple: true, default: ['0', '200'] },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

/** Measures every scenario once. */
async function measureRound(
  processes: ConsumerProcesses,
  table: Parameters<ConsumerProcesses['measure']>[0],
  endpoint: string,
  workMs: number,
): Promise<void> {
  for (const scenario of SCENARIOS) {
    const result = await processes.measure(table, endpoint, scenario, { ...SIZE, workMs })
    const { ms, handled, twice, least, lostPerEvent, unanswered, shares } = result
    console.log(
      `${scenario.processes} process(es), ${scenario.shards} shard(s), ${workMs} ms of work: ` +
        `${lostPerEvent.toFixed(3)} lost writes per event (at most ${scenario.bound}), ${handled} handled, ` +
        `${twice} twice, least share ${least}, ${Math.round(ms)} ms` +
        (unanswered > 0 ? `, ${unanswered} calls unanswered` : ''),
    )
    console.log(`  shares: ${shares.map((ofProcess) => ofProcess.join(' ')).join(' | ')}`)
  }
}

async function main(): Promise<void> {
  const store = await startDynamoDBLocal()
  const client = createClient({ endpoint: store.endpoint, region: 'local' })
  const processes = await ConsumerProcesses.start(5)
  try {
    await migrate(client, TABLE)
    const table = { client, table: TABLE, ...createStores(client, TABLE) }
    console.log(`${SIZE.events} events, ${CONSUMERS} consumers: a share is ${SIZE.events / CONSUMERS}`)
    for (let round = 0; round < Number(values.rounds); round++)
      for (const workMs of values['work-ms'])
        await measureRound(processes, table, store.endpoint, Number(workMs))
  } finally {
    processes.stop()
    client.destroy()
    await store.stop()
  }
}

if (values.help) process.stdout.write(HELP)
else await main()
