/**
 * DynamoDB Local, with its data on disk, is killed under load and started again on them; the service goes on. What the
 * clients saw is checked against what the service promises. STORE_KILLS sets how often.
 */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { hasJava, startDynamoDBLocal } from '../support/dynamodb-local.ts'
import { judge } from '../support/history/judge.ts'
import { runLoad } from '../support/history/load.ts'
import { keysOfNewTenant } from '../support/history/tenant.ts'
import { createHttpClient, startService } from '../support/service.ts'
import { openTable } from '../support/table.ts'

const KILLS = Number(process.env['STORE_KILLS'] ?? 1)
const WORK_MS = 2_000
const MAX_ATTEMPTS = 6

t.test(`DynamoDB Local is killed ${KILLS} times`, { skip: !hasJava() && 'no Java runtime' }, async (t) => {
  t.setTimeout(120_000 + KILLS * 30_000)
  const folder = t.testdir()
  let store = await startDynamoDBLocal({ folder })
  t.teardown(() => store.stop())
  const port = Number(new URL(store.endpoint).port)
  const { table, access } = await openTable(t, store.endpoint)
  const keys = await keysOfNewTenant(access)
  const environment = {
    DYNAMODB_TABLE: table,
    DYNAMODB_ENDPOINT: store.endpoint,
    MAX_ATTEMPTS: String(MAX_ATTEMPTS),
    NACK_DELAY_MIN_SECONDS: '0',
    NACK_DELAY_MAX_SECONDS: '1',
  }
  const services = await Promise.all([1, 2].map(() => startService(t, environment)))
  const call = createHttpClient(t)

  /** A store that has just started is slow at first. */
  async function letItWork(): Promise<void> {
    for (const { url } of services)
      while ((await call('GET', `${url}/events`, keys.producerKey)).status !== 200) await delay(50)
    await delay(WORK_MS)
  }

  async function killAgainAndAgain(): Promise<void> {
    for (let n = 0; n < KILLS; n++) {
      await letItWork()
      await store.stop()
      store = await startDynamoDBLocal({ folder, port })
    }
    await letItWork()
  }
  const killed = killAgainAndAgain()
  let isOver = false
  void killed.finally(() => (isOver = true))
  const history = await runLoad(
    { urls: services.map(({ url }) => url), ...keys },
    { until: () => isOver, producers: 6, workers: 8, pollers: 1, pauseMs: 300, maxAttempts: MAX_ATTEMPTS },
  )
  await killed
  t.strictSame(await judge(t, history), [])
})
