import t from 'tap'
import { measureVerbs, openBench } from '../../bench/cost-verbs.ts'
import { orderPayload, randomPayload } from '../../bench/payloads.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'

const endpoint = await dynamoDBLocalEndpoint(t)

t.test(
  'what each verb writes, by the store’s own accounting',
  { skip: endpoint === undefined && 'no Java' },
  async (t) => {
    const bench = await openBench(endpoint ?? '')
    t.teardown(bench.close)
    const writesOf = async (payload: Record<string, unknown>) =>
      Object.fromEntries(
        [...(await measureVerbs(bench, payload))]
          .filter(([, { write }]) => write > 0)
          .map(([verb, { write }]) => [verb, write]),
      )
    const small = {
      create: 3,
      'keyed create': 4,
      'first claim': 5,
      'later claim': 3,
      extend: 3,
      release: 3,
      nack: 3,
      acknowledge: 4,
      redrive: 4,
    }
    t.strictSame(await writesOf(await randomPayload(1)), small)
    t.strictSame(await writesOf(orderPayload(1)), small)
    const larger = Object.fromEntries(Object.entries(small).map(([verb, units]) => [verb, units + 3]))
    t.strictSame(await writesOf(await randomPayload(4)), larger, 'only the item grows, no index')
  },
)
