import t from 'tap'
import { CONSUMERS, ConsumerProcesses, SCENARIOS } from '../support/contention/contention.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { openTable } from '../support/table.ts'

/**
 * As much for each consumer to win as in `npm run bench:contention`, with fewer events. Nobody works on what was
 * claimed: that is when consumers meet most.
 */
const SIZE = { events: 500, eventsPerClaim: 5, workMs: 0 }
const QUARTER_OF_A_SHARE = SIZE.events / CONSUMERS / 4
/** A share is two claims here: on a busy machine a single slow one may leave somebody with less than it should have. */
const MOST_ROUNDS = 3

t.test(`${CONSUMERS} consumers, ${SIZE.events} events, ${SIZE.eventsPerClaim} per claim`, async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint === undefined) {
    t.pass('needs DynamoDB Local', { skip: 'there is no Java runtime' })
    return
  }
  const table = await openTable(t, endpoint)
  const processes = await ConsumerProcesses.start(5)
  t.teardown(() => {
    processes.stop()
  })
  for (const scenario of SCENARIOS) {
    const name = `${scenario.processes} process(es), ${scenario.shards} shard(s)`
    let isFair = false
    for (let round = 1; round <= MOST_ROUNDS && !isFair; round++) {
      const result = await processes.measure(table, endpoint, scenario, SIZE)
      t.comment(name, result)
      t.match(result, { handled: SIZE.events, twice: 0 }, `${name}: every event is handled, and once`)
      t.ok(result.lostPerEvent <= scenario.bound, `${name}: few writes are lost`)
      isFair = result.least >= QUARTER_OF_A_SHARE
    }
    t.ok(isFair, `${name}: each consumer has its share`)
  }
})
