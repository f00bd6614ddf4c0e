import t from 'tap'
import { CONSUMERS, ConsumerProcesses, SCENARIOS } from '../support/contention/contention.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { openTable } from '../support/table.ts'

/** Smaller than what `npm run bench:contention` measures and judges: here it is that no event is lost or doubled. */
const SIZE = { events: 300, eventsPerClaim: 3, workMs: 50 }
/** The best case and the one with most at stake. */
const CHECKED = SCENARIOS.filter(({ processes, shards }) => (processes === 1) === (shards === 1))
const QUARTER_OF_A_SHARE = SIZE.events / CONSUMERS / 4

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
  for (const scenario of CHECKED) {
    const name = `${scenario.processes} process(es), ${scenario.shards} shard(s)`
    const result = await processes.measure(table, endpoint, scenario, SIZE)
    t.comment(name, result)
    t.match(result, { handled: SIZE.events, twice: 0 }, `${name}: every event is handled, and once`)
    // How five processes share two cores with other tests says nothing; one process does not depend on that.
    if (scenario.processes > 1) continue
    t.ok(result.least >= QUARTER_OF_A_SHARE, `${name}: each consumer has its share`)
    t.ok(result.lostPerEvent <= scenario.bound, `${name}: few writes are lost`)
  }
})
