/**
 * Five processes of the service whose clocks differ by 0.8 s, behind a proxy where much goes wrong, and processes killed
 * and started again under load; what many clients saw is checked against what the service promises. Then the faults end,
 * and everything must come to its end.
 *
 * FAULTS_SECONDS sets for how long the clients go on, FAULTS_PAUSE_MS how long producers rest, FAULTS_SEED what goes wrong.
 * With HISTORY_FOLDER the histories are kept there, otherwise those that break a rule, among temporary files:
 * `node test/support/history/recheck.ts FILE` judges them again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { clockAhead } from '../support/clock-ahead.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { startFaultProxy, type FaultProxy, type Faults } from '../support/fault-proxy.ts'
import { judge } from '../support/history/judge.ts'
import { runLoad } from '../support/history/load.ts'
import { keysOfNewTenant } from '../support/history/tenant.ts'
import { startService, type Service } from '../support/service.ts'
import { openTable } from '../support/table.ts'

const { FAULTS_SECONDS = '9', FAULTS_PAUSE_MS = '400', FAULTS_SEED } = process.env
const SEED = Number(FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 31))
const FOR_MS = Number(FAULTS_SECONDS) * 1000
const MAX_ATTEMPTS = 6
/** Of the five processes, in ms. */
const AHEAD = [-400, -200, 0, 200, 400]

/** What goes wrong all the time. */
const STEADY: Faults = {
  throttle: 0.03,
  serverError: 0.02,
  resetBefore: 0.02,
  loseAnswer: 0.03,
  resetBody: 0.01,
  stallBody: 0.005,
  // Longer than an attempt may take: applied when the next attempt has been made already.
  latencyMs: 3_000,
  slow: 0.02,
  indexLagMs: 400,
  staleReads: 0.5,
  unprocessedKeys: 0.1,
  emptyPages: 0.05,
}
/** What goes wrong now and then, for a moment. */
const MOMENTS: Faults[] = [
  { blackHole: true },
  { refuse: true },
  { throttle: true },
  { loseAnswer: 0.5 },
  { emptyPages: 0.5, unprocessedKeys: 0.5 },
  { serverError: true },
]
const MOMENT_MS = 1_000
/** Once in so long there is a moment, and a process is killed. */
const INTERVAL_MS = 4_000

/** Processes of the service of which one after the other ends, this way or that, and is started again. */
class Fleet {
  readonly urls: string[] = []
  readonly #t: Test
  readonly #environment: Record<string, string>
  readonly #services: Service[] = []
  #next = 0
  restarts = 0

  constructor(t: Test, environment: Record<string, string>) {
    this.#t = t
    this.#environment = environment
  }

  async start(): Promise<void> {
    await Promise.all(AHEAD.map((_, at) => this.#startOne(at)))
  }

  /** By turns killed, and told to end. */
  async restartNext(): Promise<void> {
    const at = this.#next++ % AHEAD.length
    const service = this.#services[at]
    if (!service) return
    const stopped = service.stop(this.#next % 2 === 1 ? 'SIGKILL' : 'SIGTERM')
    this.urls.splice(this.urls.indexOf(service.url), 1)
    await stopped
    await this.#startOne(at)
    this.restarts++
  }

  async #startOne(at: number): Promise<void> {
    const service = await startService(this.#t, { ...this.#environment, ...clockAhead(AHEAD[at] ?? 0) })
    this.#services[at] = service
    this.urls.push(service.url)
  }
}

/** Lets things go wrong until it is told to end. */
async function trouble(proxy: FaultProxy, fleet: Fleet, isOver: () => boolean): Promise<void> {
  for (let n = 0; !isOver(); n++) {
    await delay(INTERVAL_MS - MOMENT_MS)
    if (isOver()) return
    proxy.faults = { ...STEADY, ...MOMENTS[n % MOMENTS.length] }
    const restarted = fleet.restartNext()
    await delay(MOMENT_MS)
    proxy.faults = STEADY
    await restarted
  }
}

async function storm(t: Test, endpoint: string): Promise<void> {
  const { table, access } = await openTable(t, endpoint)
  const keys = await keysOfNewTenant(access, 2)
  const proxy = await startFaultProxy({ target: endpoint, seed: SEED })
  t.teardown(() => proxy.stop())
  const fleet = new Fleet(t, {
    DYNAMODB_TABLE: table,
    DYNAMODB_ENDPOINT: proxy.endpoint,
    MAX_ATTEMPTS: String(MAX_ATTEMPTS),
    NACK_DELAY_MIN_SECONDS: '0',
    NACK_DELAY_MAX_SECONDS: '1',
  })
  await fleet.start()

  proxy.faults = STEADY
  let isOver = false
  const troubled = trouble(proxy, fleet, () => isOver)
  const history = await runLoad(
    { urls: fleet.urls, ...keys },
    {
      forMs: FOR_MS,
      producers: 10,
      workers: 17,
      pollers: 3,
      crashing: 0.1,
      pauseMs: Number(FAULTS_PAUSE_MS),
      maxAttempts: MAX_ATTEMPTS,
      heal: async () => {
        isOver = true
        await troubled
        proxy.faults = {}
        await proxy.settle()
        // So long the service may take to recover.
        await delay(2_000)
      },
    },
  )
  t.strictSame(await judge(t, history), [])
  t.comment(`seed ${SEED}, ${fleet.restarts} restarts, ${proxy.count()} calls`, proxy.strikes)
  for (const name of Object.keys(STEADY)) {
    if (name.endsWith('Ms')) continue
    t.ok(proxy.strikes[name as keyof typeof proxy.strikes], `${name} struck`)
  }
}

t.test('five processes, faults of every kind, clients and processes that die', async (t) => {
  t.setTimeout(FOR_MS + 120_000)
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint === undefined) t.pass('needs DynamoDB Local', { skip: 'there is no Java runtime' })
  else await storm(t, endpoint)
})
