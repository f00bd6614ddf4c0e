import { ENDPOINTS, type Endpoint, type Setting } from '../endpoints.ts'
import type { Sample } from '../load/job.ts'
import { cpuUsOf } from '../load/job.ts'
import type { BenchOptions } from '../options.ts'
import { takeTurn } from '../rounds.ts'
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

/** One row of the table. */
interface Row {
  endpoint: Endpoint
  variant: 'ours' | 'floor'
}

/** What is to be flat is asked of the floor too: what grows there is the store's. */
const ROWS: Row[] = ENDPOINTS.filter(({ name }) => MEASURED.includes(name)).flatMap((endpoint): Row[] => [
  { endpoint, variant: 'ours' },
  ...(FLAT.includes(endpoint.name) ? [{ endpoint, variant: 'floor' } as const] : []),
])

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

async function measureSizes(stage: Stage, tenants: Grown[], { rounds, ...options }: BenchOptions) {
  const servers = { ours: await stage.startVariant('ours'), floor: await stage.startVariant('floor') }
  const turn = { connections: 1, warmUpMs: 1000 * options.warmUpSeconds, measuredMs: 1000 * options.seconds }
  const samples: (Sample & Row & { size: Size; round: number })[] = []
  for (let round = 0; round <= rounds; round++) {
    for (const { endpoint, variant } of ROWS) {
      for (const { size, setting } of round % 2 ? tenants.toReversed() : tenants) {
        const subject = { endpoint, variant, server: servers[variant] }
        const sample = await takeTurn(stage, setting, subject, turn)
        if (round > 0) samples.push({ ...sample, endpoint, variant, size, round })
        const what = `${endpoint.title}, ${variant}, ${describe(size)}`
        progress(`round ${round} of ${rounds}: ${what}: p50 ${sample.p50.toFixed(2)} ms`)
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
  const cells = ROWS.map(({ endpoint, variant }) => {
    const of = (size: Size) =>
      samples.filter((one) => one.endpoint === endpoint && one.variant === variant && one.size === size)
    const p50 = SIZES.map((size) => median(of(size).map((sample) => sample.p50)))
    const cpuUs = SIZES.map((size) => median(of(size).map(cpuUsOf)))
    const growth = Math.max(...p50) / (p50[0] ?? NaN) - 1
    const isJudged = variant === 'ours' && FLAT.includes(endpoint.name)
    return [
      endpoint.title,
      variant,
      ...p50.map((ms, n) => `${ms.toFixed(2)} (${whole(cpuUs[n] ?? NaN)})`),
      isJudged ? `within ${100 * MOST_GROWTH} %: ${verdict(growth <= MOST_GROWTH)}` : '',
    ]
  })
  return {
    title: 'Growth',
    text:
      'p50 in ms of a client alone (server CPU in µs), for tenants of several sizes in one table, which take turns; ' +
      `medians of ${options.rounds} rounds of ${options.seconds} s.\n\n` +
      toTable(['endpoint', 'variant', ...SIZES.map(describe), 'target'], cells),
    data: samples.map(({ endpoint, ...sample }) => ({ ...sample, endpoint: endpoint.title })),
  }
}
