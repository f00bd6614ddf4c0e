/**
 * `npm run bench:contention -- [rounds] [ms of work per claim]`: how often consumers get in each other’s way.
 * 50 consumers claim 1,000 events, ten at a time, and acknowledge them; in one process and over five, on DynamoDB
 * Local. Needs a Java runtime.
 */
import { migrate } from '../src/dynamodb/migrate.ts'
import { createClient } from '../src/dynamodb/client.ts'
import { CONSUMERS, ConsumerProcesses, SCENARIOS } from '../test/support/contention/contention.ts'
import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts'
import { createStores } from '../test/support/table.ts'

const SIZE = { events: 1_000, eventsPerClaim: 10, workMs: Number(process.argv[3] ?? 200) }
const TABLE = 'contention'
const ROUNDS = Number(process.argv[2] ?? 3)

const store = await startDynamoDBLocal()
const client = createClient({ endpoint: store.endpoint, region: 'local' })
const processes = await ConsumerProcesses.start(5)
try {
  await migrate(client, TABLE)
  const table = { client, table: TABLE, ...createStores(client, TABLE) }
  console.log(
    `${SIZE.events} events, ${CONSUMERS} consumers, ${SIZE.eventsPerClaim} per claim, ${SIZE.workMs} ms of work; a share is ${SIZE.events / CONSUMERS}`,
  )
  for (let round = 0; round < ROUNDS; round++) {
    for (const scenario of SCENARIOS) {
      const result = await processes.measure(table, store.endpoint, scenario, SIZE)
      const { ms, handled, twice, least, lostPerEvent, unanswered } = result
      console.log(
        `${scenario.processes} process(es), ${scenario.shards} shard(s): ${lostPerEvent.toFixed(3)} lost writes per event ` +
          `(at most ${scenario.bound}), ${handled} handled, ${twice} twice, least share ${least}, ${Math.round(ms)} ms` +
          (unanswered > 0 ? `, ${unanswered} calls unanswered` : ''),
      )
    }
  }
} finally {
  processes.stop()
  client.destroy()
  await store.stop()
}
