import { spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ROLES } from '../src/domain/access.ts'
import { createKey } from '../src/domain/key-management.ts'
import { createAccessStore } from '../src/dynamodb/access-store.ts'
import { createClient, createDynamoDB } from '../src/dynamodb/client.ts'
import type { Flow, FlowResult } from '../test/support/load/generator.ts'
import { requestText, runLoad } from '../test/support/load/load.ts'
import { startNullDynamoDB } from './null-dynamodb.ts'
import { SERVICE_ARGUMENTS } from './variants.ts'

const HELP = `What is left of the service under ten times its load, and of a tenant beside one that floods. The service, the load and
a store that costs nothing are processes of their own. Linux; two to three minutes. Judges what it prints; exit code 1 where a
bound is missed.

  npm run bench:overload -- [--seconds 30] [--connections 1000] [--rounds 3] [--only overload|neighbour]
`

const TABLE = 'bench'
const SERVER = [...SERVICE_ARGUMENTS, join(import.meta.dirname, '../src/server.ts')]
const TENANTS = ['a', 'b', 'c', 'd']
/** Many enough that no tenant reaches its own bound before the process reaches its. */
const BEST_CONNECTIONS = [16, 32, 64, 128]
const BODY = { event_type: 'order.created', payload: { order_id: 42, note: 'x'.repeat(800) } }
/** Requests a second of a tenant's key in the second part. */
const SHARE = 100
/** Long enough that what the loud one had saved is no part of a p99. */
const NEIGHBOUR_SECONDS = 15

let failures = 0
function judge(what: string, figure: string, isMet: boolean): void {
  if (!isMet) failures++
  console.log(`${isMet ? 'ok  ' : 'MISS'}  ${what}: ${figure}`)
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
const mean = (numbers: number[]) => sum(numbers) / numbers.length
const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN

interface Service {
  port: number
  child: ChildProcess
  tokens: Record<string, string>
}

async function startService(endpoint: string, tokens: Record<string, string>, variables: object) {
  const child = spawn(process.execPath, SERVER, {
    env: {
      ...{ PATH: process.env['PATH'] ?? '', TMPDIR: tmpdir(), PORT: '0' },
      ...{ DYNAMODB_ENDPOINT: endpoint, DYNAMODB_TABLE: TABLE, AWS_REGION: 'local' },
      ...{ AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench', ...variables },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { promise: port, resolve } = Promise.withResolvers<number>()
  // Logs are read, as a collector of logs would.
  child.stdout.on('data', (chunk: Buffer) => {
    const found = /listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(chunk.toString())?.[1]
    if (found !== undefined) resolve(Number(found))
  })
  return { child, tokens, port: await port }
}

/** MiB of memory in use. */
async function rssOf({ child }: Service): Promise<number> {
  const status = await readFile(`/proc/${child.pid ?? 0}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

const flowOf = ({ tokens }: Service, name: string): Flow => ({
  name,
  request: requestText('POST', '/events', tokens[name] ?? '', BODY),
  connections: 1,
})

/** Creates by each tenant alike, over so many connections in all; at a rate, or as fast as they can. */
function creates(service: Service, connections: number, rate?: number): Flow[] {
  return TENANTS.map((name) => ({
    ...flowOf(service, name),
    connections: Math.ceil(connections / TENANTS.length),
    ...(rate === undefined ? {} : { rate: rate / TENANTS.length }),
  }))
}

/** Adds up the flows of all tenants. */
function together(results: Record<string, FlowResult>) {
  const flows = Object.values(results)
  const perSecond = (of: 'goodput' | 'refused') =>
    (flows[0]?.[of] ?? []).map((_, second) => sum(flows.map((flow) => flow[of][second] ?? 0)))
  const statuses: Record<string, number> = {}
  for (const flow of flows) {
    for (const [status, count] of Object.entries(flow.statuses))
      statuses[status] = (statuses[status] ?? 0) + count
  }
  return {
    goodput: perSecond('goodput'),
    refused: perSecond('refused'),
    statuses,
    sent: sum(flows.map((flow) => flow.sent)),
    unsent: sum(flows.map((flow) => flow.unsent)),
    withoutRetryAfter: sum(flows.map((flow) => flow.withoutRetryAfter)),
    p99: Math.max(...flows.map((flow) => flow.p99)),
    max: Math.max(...flows.map((flow) => flow.max)),
  }
}

async function load(service: Service, seconds: number, flows: Flow[]) {
  return together(await runLoad({ port: service.port, seconds, flows }))
}

/** The most that is served, over all numbers of connections. */
async function measureBest(service: Service): Promise<number> {
  await load(service, 4, creates(service, 32))
  let best = 0
  for (const connections of BEST_CONNECTIONS) {
    const { goodput, p99 } = await load(service, 5, creates(service, connections))
    console.log(`      ${connections} connections: ${Math.round(mean(goodput))}/s, p99 ${Math.round(p99)} ms`)
    best = Math.max(best, mean(goodput))
  }
  return best
}

async function measureOverload(service: Service, seconds: number, connections: number): Promise<void> {
  const best = await measureBest(service)
  const rss: number[] = []
  const sampler = setInterval(() => void rssOf(service).then((mib) => rss.push(mib)), 500)
  const over = await load(service, seconds, creates(service, connections, best * 10))
  clearInterval(sampler)
  const after = await load(service, 5, creates(service, 64, best / 2))

  const share = mean(over.goodput) / best
  const half = rss.slice(rss.length / 2)
  const growth = (half.at(-1) ?? NaN) / (half[0] ?? NaN)
  const strange = Object.keys(over.statuses).filter((status) => !['201', '429', '503'].includes(status))
  console.log(
    `      ${Math.round(best * 10)}/s for ${seconds} s over ${connections} connections: sent ${over.sent}, found no connection ${over.unsent}, ` +
      `answers ${JSON.stringify(over.statuses)}, p99 of those served ${Math.round(over.p99)} ms`,
  )
  judge('goodput of its best', `${Math.round(share * 100)} % (at least 90 %)`, share >= 0.9)
  judge('answers other than 201, 429, 503', strange.join() || 'none', strange.length === 0)
  judge('refusals without Retry-After', String(over.withoutRetryAfter), over.withoutRetryAfter === 0)
  judge('longest answer', `${Math.round(over.max)} ms (at most 3000)`, over.max <= 3_000)
  judge(
    'RSS',
    `${Math.round(Math.max(...rss))} MiB at most, second half x ${growth.toFixed(2)} (at most 1.1)`,
    growth <= 1.1,
  )
  judge('refused from 2 s after it', String(sum(after.refused.slice(2))), sum(after.refused.slice(2)) === 0)
}

/** One tenant asks for ten times its share; what another one sees, with and without it, in turns. */
async function measureNeighbour(service: Service, rounds: number): Promise<void> {
  const quiet: Flow = { ...flowOf(service, 'b'), name: 'quiet', connections: 16, rate: SHARE / 2 }
  const loud: Flow = { ...flowOf(service, 'a'), name: 'loud', connections: 200, rate: SHARE * 10 }
  const run = (flows: Flow[]) => runLoad({ port: service.port, seconds: NEIGHBOUR_SECONDS, flows })
  await run([quiet])
  const ratios: number[] = []
  const statuses: Record<string, number>[] = []
  for (let round = 0; round < rounds; round++) {
    const alone = (await run([quiet]))['quiet']
    const beside = await run([quiet, loud])
    ratios.push((beside['quiet']?.p99 ?? NaN) / (alone?.p99 ?? NaN))
    statuses.push(beside['quiet']?.statuses ?? {})
    console.log(
      `      p99 alone ${alone?.p99.toFixed(1) ?? ''} ms, beside ${beside['quiet']?.p99.toFixed(1) ?? ''} ms; ` +
        `the loud one: ${JSON.stringify(beside['loud']?.statuses)}`,
    )
  }
  const failed = statuses.filter((one) => Object.keys(one).join() !== '201').length
  judge('rounds in which the quiet one was refused', String(failed), failed === 0)
  judge(
    'p99 of the quiet one',
    `x ${median(ratios).toFixed(2)} (median of ${rounds}, at most 1.5)`,
    median(ratios) <= 1.5,
  )
}

async function withService(variables: object, work: (service: Service) => Promise<void>): Promise<void> {
  const store = await startNullDynamoDB()
  const client = createClient({ endpoint: store.endpoint, region: 'local' })
  const access = createAccessStore({ dynamodb: createDynamoDB(client), table: TABLE, timeoutMs: 5_000 })
  const tokens: Record<string, string> = {}
  for (const tenant of TENANTS) {
    const wanted = { tenant, scopes: ROLES.admin, name: null, valid_until: null }
    tokens[tenant] = (await createKey(access, Date.now, wanted)).token
  }
  const service = await startService(store.endpoint, tokens, variables)
  try {
    await delay(500)
    await work(service)
  } finally {
    service.child.kill('SIGKILL')
    client.destroy()
    store.stop()
  }
}

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    seconds: { type: 'string', default: '30' },
    connections: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
  },
})
if (values.help) console.log(HELP)
else {
  const { only } = values
  if (only !== 'neighbour') {
    await withService({ RATE_LIMIT_PER_SECOND: '0' }, (service) =>
      measureOverload(service, Number(values.seconds), Number(values.connections)),
    )
  }
  if (only !== 'overload') {
    await withService({ RATE_LIMIT_PER_SECOND: String(SHARE) }, (service) =>
      measureNeighbour(service, Number(values.rounds)),
    )
  }
  process.exitCode = failures === 0 ? 0 : 1
}
