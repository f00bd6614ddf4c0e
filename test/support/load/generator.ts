/**
 * Loads a service from a process of its own: takes a plan as JSON in its argument, runs its flows at the same time, and prints
 * what came back as one line of JSON.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Connection } from './connection.ts'

/** Clients that send the same request over and over. */
export interface Flow {
  name: string
  request: string
  /** Each has one request under way at a time. */
  connections: number
  /** Requests a second of all of them together; as many as they can when it is absent. */
  rate?: number
}

export interface Plan {
  port: number
  seconds: number
  flows: Flow[]
}

/** What a flow saw. Times in ms. */
export interface FlowResult {
  name: string
  sent: number
  /** What no connection was free for at its time. */
  unsent: number
  /** Answers by status; `broken` are connections that ended without one. */
  statuses: Record<string, number>
  /** 429 and 503 without a `Retry-After` of whole seconds. */
  withoutRetryAfter: number
  /** Answers below 300, of each whole second. */
  goodput: number[]
  /** 429 and 503, of each whole second. */
  refused: number[]
  p50: number
  p99: number
  /** The longest that any answer took. */
  max: number
}

const TICK_MS = 5
/** Connections are opened meanwhile, and nothing has been compiled yet: what is asked then is no part of the percentiles. */
const WARM_UP_MS = 1_000

interface State {
  result: FlowResult
  latencies: number[]
  startedAt: number
}

async function ask(connection: Connection, { request }: Flow, { result, latencies, startedAt }: State) {
  result.sent++
  const sentAt = performance.now()
  const answer = await connection.ask(request)
  const now = performance.now()
  const status = answer?.status ?? 'broken'
  result.statuses[status] = (result.statuses[status] ?? 0) + 1
  result.max = Math.max(result.max, now - sentAt)
  if (!answer) return
  const isRefused = answer.status === 429 || answer.status === 503
  if (isRefused && !/\r\nretry-after: \d+/.test(answer.head)) result.withoutRetryAfter++
  const isGood = answer.status < 300
  if (isGood && sentAt - startedAt > WARM_UP_MS) latencies.push(now - sentAt)
  const second = Math.floor((now - startedAt) / 1_000)
  const counts = isGood ? result.goodput : isRefused ? result.refused : []
  counts[second] = (counts[second] ?? 0) + 1
}

/** As many as its connections can. */
async function runClosed(flow: Flow, connections: Connection[], state: State, until: number): Promise<void> {
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() < until) await ask(connection, flow, state)
    }),
  )
}

/** At its rate, whatever the service does; what finds no free connection is not sent. */
async function runOpen(flow: Flow, connections: Connection[], state: State, until: number): Promise<void> {
  const { rate = 0 } = flow
  const free = [...connections]
  const underWay = new Set<Promise<void>>()
  let due = 0
  for (let at = performance.now(); at < until; at = performance.now()) {
    const wanted = Math.floor(((at - state.startedAt) * rate) / 1_000)
    for (; due < wanted; due++) {
      const connection = free.pop()
      if (!connection) state.result.unsent++
      else {
        const asked = ask(connection, flow, state).then(() => {
          free.push(connection)
          underWay.delete(asked)
        })
        underWay.add(asked)
      }
    }
    await delay(TICK_MS)
  }
  await Promise.all(underWay)
}

async function runFlow(flow: Flow, { port, seconds }: Plan): Promise<FlowResult> {
  const connections = Array.from({ length: flow.connections }, () => new Connection(port))
  const counts = { sent: 0, unsent: 0, statuses: {}, withoutRetryAfter: 0, goodput: [], refused: [] }
  const result: FlowResult = { name: flow.name, ...counts, p50: NaN, p99: NaN, max: 0 }
  const state: State = { result, latencies: [], startedAt: performance.now() }
  const run = flow.rate === undefined ? runClosed : runOpen
  await run(flow, connections, state, state.startedAt + seconds * 1_000)
  for (const connection of connections) connection.close()
  const sorted = state.latencies.toSorted((a, b) => a - b)
  const percentile = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? NaN
  const each = (counts: number[]) => Array.from({ length: Math.floor(seconds) }, (_, at) => counts[at] ?? 0)
  const [goodput, refused] = [each(result.goodput), each(result.refused)]
  return { ...result, goodput, refused, p50: percentile(0.5), p99: percentile(0.99) }
}

const plan = JSON.parse(process.argv[2] ?? '') as Plan
const results = await Promise.all(plan.flows.map((flow) => runFlow(flow, plan)))
process.stdout.write(`${JSON.stringify(results)}\n`)
