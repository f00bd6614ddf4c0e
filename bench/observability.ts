/**
 * What watching the service costs: server CPU per request with everything off, with metrics and logs, and with tracing
 * at 5 % and 100 %. All run at the same time over one store that costs nothing, and take turns of 0.4 s each: what the machine does
 * meanwhile meets all of them alike, so the ratios stand even where the figures do not.
 *
 *   npm run bench:observability -- --rounds 30
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROLES } from '../src/domain/access.ts'
import { createKey } from '../src/domain/key-management.ts'
import { createAccessStore } from '../src/dynamodb/access-store.ts'
import { createClient, createDynamoDB } from '../src/dynamodb/client.ts'
import { startNullDynamoDB } from './null-dynamodb.ts'

const TABLE = 'bench'
const CONNECTIONS = 8
const TURN_MS = 400
const WARM_UP_MS = 3_000
const VARIANTS: Record<string, (sink: string) => Record<string, string>> = {
  off: () => ({ LOG_LEVEL: 'silent', METRICS_SINK: 'none' }),
  'metrics + logs': (sink) => ({ METRICS_SINK: 'cloudwatch', CLOUDWATCH_ENDPOINT: sink }),
  'metrics + logs + tracing 5 %': (sink) => ({
    METRICS_SINK: 'cloudwatch',
    CLOUDWATCH_ENDPOINT: sink,
    OTEL_EXPORTER_OTLP_ENDPOINT: sink,
    OTEL_TRACES_SAMPLER_ARG: '0.05',
  }),
  'metrics + logs + tracing 100 %': (sink) => ({
    METRICS_SINK: 'cloudwatch',
    CLOUDWATCH_ENDPOINT: sink,
    OTEL_EXPORTER_OTLP_ENDPOINT: sink,
    OTEL_TRACES_SAMPLER_ARG: '1',
  }),
}

interface Server {
  name: string
  child: ChildProcess
  url: string
  agent: Agent
  /** CPU ms per request of each turn. */
  turns: number[]
}

/** Stands for CloudWatch and the collector: takes everything. */
async function startSink() {
  const server = createServer((incoming, response) => {
    incoming.resume().once('end', () => response.setHeader('content-type', 'application/json').end('{}'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function startServer(name: string, environment: Record<string, string>): Promise<Server> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/server.ts')], {
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', SHUTDOWN_SETTLE_MS: '0', ...environment },
    // Logs are written, and read by nobody who would take CPU for it.
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://127.0.0.1:${environment['PORT'] ?? ''}`
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  return { name, child, url, agent, turns: [] }
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return String(port)
}

async function call(
  { agent, url }: Server,
  method: string,
  path: string,
  key: string,
  body?: string,
): Promise<string> {
  const outgoing = request(url + path, {
    method,
    agent,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  })
  outgoing.end(body)
  const [incoming] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage]
  let text = ''
  for await (const chunk of incoming) text += String(chunk)
  if ((incoming.statusCode ?? 500) >= 300)
    throw new Error(`${method} ${path}: ${incoming.statusCode ?? 0} ${text}`)
  return text
}

async function waitUntilServing(server: Server): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isUp = await fetch(`${server.url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isUp) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${server.name} did not start`)
}

/** CPU time of all threads so far, which Linux counts in ns. */
async function cpuMs({ child }: Server): Promise<number> {
  const folder = `/proc/${child.pid ?? 0}/task`
  const threads = await Promise.all(
    (await readdir(folder)).map((thread) => readFile(join(folder, thread, 'schedstat'), 'utf8')),
  )
  return threads.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0)
}

const BODY = JSON.stringify({ event_type: 'order.created', payload: { order_id: 42, note: 'x'.repeat(800) } })

/** Create, get and acknowledge, over and over. @returns How many requests were answered. */
async function load(server: Server, key: string, forMs: number): Promise<number> {
  const until = Date.now() + forMs
  let served = 0
  const client = async () => {
    while (Date.now() < until) {
      const created = JSON.parse(await call(server, 'POST', '/events', key, BODY)) as { event_id: string }
      await call(server, 'GET', `/events/${created.event_id}`, key)
      await call(server, 'POST', `/events/${created.event_id}/acknowledge`, key)
      served += 3
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, client))
  return served
}

async function takeTurn(server: Server, key: string): Promise<void> {
  const before = await cpuMs(server)
  const served = await load(server, key, TURN_MS)
  server.turns.push(((await cpuMs(server)) - before) / served)
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN

/** The median over the rounds of how a turn compares with that of the first variant in the same round. */
function report(servers: Server[]): void {
  const base = servers[0]?.turns ?? []
  for (const { name, turns } of servers) {
    const ratio = median(turns.map((turn, round) => turn / (base[round] ?? NaN)))
    const us = Math.round(median(turns) * 1000)
    console.log(`${name.padEnd(32)} ${String(us).padStart(6)} us/request   x ${ratio.toFixed(3)}`)
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '30' } } })
  const store = await startNullDynamoDB()
  const sink = await startSink()
  const client = createClient({ endpoint: store.endpoint, region: 'local' })
  const access = createAccessStore({ dynamodb: createDynamoDB(client), table: TABLE, timeoutMs: 5_000 })
  const wanted = { tenant: 'bench', scopes: ROLES.admin, name: null, valid_until: null }
  const { token } = await createKey(access, Date.now, wanted)
  const servers: Server[] = []
  try {
    for (const [name, environmentOf] of Object.entries(VARIANTS)) {
      const common = { DYNAMODB_ENDPOINT: store.endpoint, DYNAMODB_TABLE: TABLE, TMPDIR: tmpdir() }
      const aws = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' }
      servers.push(
        await startServer(name, { ...common, ...aws, ...environmentOf(sink.url), PORT: await freePort() }),
      )
    }
    for (const server of servers) {
      await waitUntilServing(server)
      await load(server, token, WARM_UP_MS)
    }
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const server of round % 2 ? servers.toReversed() : servers) await takeTurn(server, token)
    }
    report(servers)
  } finally {
    for (const { child, agent } of servers) {
      agent.destroy()
      child.kill('SIGKILL')
    }
    client.destroy()
    sink.server.closeAllConnections()
    sink.server.close()
    store.stop()
  }
}

await main()
