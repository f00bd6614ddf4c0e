import { ENDPOINTS, type Endpoint, type Setting } from '../endpoints.ts'
import type { Sample } from '../load/job.ts'
import type { BenchOptions } from '../options.ts'
import { takeTurn } from '../rounds.ts'
import type { ServerProcess } from '../server-process.ts'
import { onStage, progress, type Stage } from '../stage.ts'
import { median } from '../statistics.ts'
import { toTable, verdict, whole, type Section } from './section.ts'

/** How many events a tenant has, and how many of them are open. */
interface Size {
  stored: number
  open: number
}

const SIZES: Size[] = [
  { stored: 1_000, open: 100 },
  { stored: 100_000, open: 100 },
  { stored: 100_000, open: 100_000 },
  { stored: 1_000_000, open: 100 },
  { stored: 1_000_000, open: 100_000 },
]
const MEASURED = ['get', 'create', 'list', 'inbox']
/** From the smallest to the largest, the p50 of reading may grow by this part. */
const MOST_GROWTH = 0.2
const FLAT = ['list', 'inbox']
/** More at a time would take minutes without a word. */
const CHUNK = 50_000

interface Grown {
  size: Size
  setting: Setting
}

const describe = ({ stored, open }: Size) => `${whole(stored)} stored, ${whole(open)} open`

/** A tenant of that size. Events that are open are spread over the others. */
async function grow({ fixture }: Stage, size: Size, tenant: string): Promise<Grown> {
  const eventIds: string[] = []
  const perChunk = Math.min(CHUNK, size.stored)
  const openPerChunk = Math.round((size.open / size.stored) * perChunk)
  for (let stored = 0; stored < size.stored; stored += perChunk) {
    await fixture.fill(tenant, perChunk - openPerChunk, 'delivered')
    eventIds.push(...(await fixture.fill(tenant, openPerChunk)))
    progress(`filling: ${describe(size)}: ${whole(stored + perChunk)}`)
  }
  const key = fixture.keys[tenant] ?? ''
  const keys = { ...fixture.keys, reads: key, creates: key }
  return { size, setting: { fixture: { ...fixture, keys }, eventIds, openIds: [] } }
}

async function measureSizes(stage: Stage, tenants: Grown[], options: BenchOptions) {
  const server: ServerProcess = await stage.startVariant('ours')
  const turn = { connections: 1, warmUpMs: 1000 * options.warmUpSeconds, measuredMs: 1000 * options.seconds }
  const samples: (Sample & { endpoint: Endpoint; size: Size; round: number })[] = []
  for (let round = 0; round <= options.rounds; round++) {
    for (const endpoint of ENDPOINTS.filter(({ name }) => MEASURED.includes(name))) {
      for (const { size, setting } of round % 2 ? tenants.toReversed() : tenants) {
        const sample = await takeTurn(stage, setting, { endpoint, variant: 'ours', server }, turn)
        if (round > 0) samples.push({ ...sample, endpoint, size, round })
        progress(`round ${round}: ${endpoint.title}, ${describe(size)}: p50 ${sample.p50.toFixed(2)} ms`)
      }
    }
  }
  return samples
}

/** Whether it matters how many events there are. */
export async function measureGrowth(options: BenchOptions): Promise<Section> {
  const samples = await onStage(async (stage) => {
    const tenants: Grown[] = []
    for (const [n, size] of SIZES.entries())
      tenants.push(await grow(stage, size, await stage.fixture.addTenant(`grown-${n}`)))
    return measureSizes(stage, tenants, options)
  })
  const rows = ENDPOINTS.filter(({ name }) => MEASURED.includes(name)).map((endpoint) => {
    const of = (size: Size) => samples.filter((one) => one.endpoint === endpoint && one.size === size)
    return {
      endpoint,
      p50: SIZES.map((size) => median(of(size).map(({ p50 }) => p50))),
      cpuUs: SIZES.map((size) =>
        median(of(size).map(({ serverCpuMs, requests }) => (1000 * serverCpuMs) / requests)),
      ),
    }
  })
  const cells = rows.map(({ endpoint, p50, cpuUs }) => {
    const growth = Math.max(...p50) / (p50[0] ?? NaN) - 1
    const isJudged = FLAT.includes(endpoint.name)
    return [
      endpoint.title,
      ...p50.map((ms, n) => `${ms.toFixed(2)} (${whole(cpuUs[n] ?? NaN)})`),
      isJudged ? `within ${100 * MOST_GROWTH} %: ${verdict(growth <= MOST_GROWTH)}` : '',
    ]
  })
  return {
    title: 'Growth',
    text:
      'p50 in ms of a client alone (server CPU in µs), for tenants of several sizes in one table, which take turns; ' +
      `medians of ${options.rounds} rounds of ${options.seconds} s.\n\n` +
      toTable(['endpoint', ...SIZES.map(describe), 'target'], cells),
    data: samples.map(({ endpoint, ...sample }) => ({ ...sample, endpoint: endpoint.title })),
  }
}
