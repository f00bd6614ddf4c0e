import { measureRounds, openSetting, type Measurement } from '../rounds.ts'
import type { ServerProcess } from '../server-process.ts'
import { assertSameAnswers, smoke, type Transcript } from '../smoke.ts'
import { onStage, progress, type Stage } from '../stage.ts'
import { median } from '../statistics.ts'
import { TARGETS } from '../targets.ts'
import { VARIANTS, type Variant } from '../variants.ts'
import { cpuUsOf } from '../load/job.ts'
import type { BenchOptions } from '../options.ts'
import { toTable, verdict, whole, type Section } from './section.ts'

/** The medians over the rounds of one variant at one endpoint. */
export interface Row {
  endpoint: string
  variant: Variant
  requestsPerSecond: number
  p50: number
  p99: number
  cpuUs: number
  storeCpuUs: number
  rssMb: number
  /** Requests per server CPU second, as a multiple of the other's in the same round; NaN without the other. */
  vsPlain: number
  vsFloor: number
  /** Answers in all rounds that were not what is measured. */
  unexpected: number
}

/** How much more of the other's CPU goes into a request, round by round. */
function ratio(mine: Measurement[], others: Measurement[]): number {
  return median(
    mine.flatMap((measurement) => {
      const other = others.find(({ round }) => round === measurement.round)
      return other ? [cpuUsOf(other) / cpuUsOf(measurement)] : []
    }),
  )
}

export function toRows(measurements: Measurement[]): Row[] {
  const endpoints = [...new Set(measurements.map(({ endpoint }) => endpoint))]
  return endpoints.flatMap((endpoint) =>
    VARIANTS.flatMap((variant) => {
      const of = (wanted: Variant) =>
        measurements.filter((one) => one.endpoint === endpoint && one.variant === wanted)
      const mine = of(variant)
      if (mine.length === 0) return []
      const middle = (value: (measurement: Measurement) => number) => median(mine.map(value))
      return [
        {
          endpoint,
          variant,
          requestsPerSecond: middle(({ requests, seconds }) => requests / seconds),
          p50: middle(({ p50 }) => p50),
          p99: middle(({ p99 }) => p99),
          cpuUs: middle(cpuUsOf),
          storeCpuUs: middle(({ storeCpuMs, requests }) => (storeCpuMs * 1000) / requests),
          rssMb: middle(({ rssMb }) => rssMb),
          vsPlain: ratio(mine, of('plain')),
          vsFloor: ratio(mine, of('floor')),
          unexpected: mine.reduce((sum, one) => sum + one.unexpected, 0),
        },
      ]
    }),
  )
}

const times = (value: number) => (Number.isNaN(value) ? '' : `${value.toFixed(2)}×`)

function cellsOf(row: Row): string[] {
  return [
    row.endpoint,
    row.variant,
    whole(row.requestsPerSecond),
    row.p50.toFixed(1),
    row.p99.toFixed(1),
    whole(row.cpuUs),
    whole(row.storeCpuUs),
    whole(row.rssMb),
    times(row.vsPlain),
    times(row.vsFloor),
    row.unexpected > 0 ? `${row.unexpected} UNEXPECTED ANSWERS` : verdictOf(row),
  ]
}

const HEAD = [
  'endpoint',
  'variant',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'CPU µs',
  'store CPU µs',
  'RSS MiB',
  'vs plain',
  'vs floor',
  'targets',
]

/** Which targets the service meets with everything on; nothing for the others. */
export function verdictOf({ endpoint, variant, cpuUs, vsPlain, vsFloor }: Row): string {
  const target = TARGETS[endpoint]
  if (variant !== 'ours' || !target) return ''
  const verdicts: [string, boolean | undefined][] = [
    [`≤ ${whole(target.cpuUs)} µs`, cpuUs <= target.cpuUs],
    [`≥ ${target.vsPlain ?? ''}× plain`, atLeast(vsPlain, target.vsPlain)],
    [`≥ ${target.vsFloor ?? ''}× floor`, atLeast(vsFloor, target.vsFloor)],
  ]
  return verdicts
    .filter(([, met]) => met !== undefined)
    .map(([text, met]) => `${text} ${verdict(met === true)}`)
    .join(', ')
}

function atLeast(value: number, least: number | undefined): boolean | undefined {
  return least === undefined || Number.isNaN(value) ? undefined : value >= least
}

async function compareAnswers({ fixture }: Stage, servers: Map<Variant, ServerProcess>): Promise<void> {
  let first: Transcript | undefined
  for (const [variant, { url }] of servers) {
    const transcript = await smoke(variant, url, fixture)
    first ??= transcript
    assertSameAnswers(transcript, first, variant)
  }
  progress(`Same answers from: ${[...servers.keys()].join('; ')}`)
}

/** Compares the answers of all variants, then what they cost. */
export async function measureThroughput(options: BenchOptions): Promise<Section> {
  const measurements = await onStage(async (stage) => {
    const setting = await openSetting(stage)
    const servers = new Map<Variant, ServerProcess>()
    for (const variant of options.variants) servers.set(variant, await stage.startVariant(variant))
    await compareAnswers(stage, servers)
    return measureRounds(stage, setting, servers, options)
  })
  const rows = toRows(measurements)
  const { rounds, seconds, connections } = options
  const how =
    `${connections} connections, events of 1 KB, DynamoDB Local; medians of ${rounds} rounds of ${seconds} s, in which ` +
    'the variants take turns. CPU is that of all threads of the server. “vs” compares requests per server CPU second.'
  return {
    title: 'Cost of a request',
    text: `${how}\n\n${toTable(HEAD, rows.map(cellsOf))}`,
    data: { rows, measurements },
  }
}
