import type { BenchOptions } from '../options.ts'
import { openSetting, takeTurn } from '../rounds.ts'
import { onStage, progress } from '../stage.ts'
import { median } from '../statistics.ts'
import type { Variant } from '../variants.ts'
import { toTable, verdict, whole, type Section } from './section.ts'

/** Most MiB that each may take. */
const MOST_MB = { 'ours, no tracing': 150, ours: 220 } as const satisfies Partial<Record<Variant, number>>
/** Of each kind of request, again and again; most are cheap, so that there are many. */
const SECONDS = { get: 20, 404: 10, create: 5, list: 2, inbox: 2, claim: 2 }
/** From the second quarter of the run to the last one, memory may grow by this part: what is still growing shows more. */
const MOST_GROWTH = 0.1

interface Point {
  requests: number
  rssMb: number
}

/** Sends requests of all kinds until there were so many. @returns The memory after each turn. */
async function watchMemory(variant: Variant, { endpoints, requests }: BenchOptions): Promise<Point[]> {
  return onStage(async (stage) => {
    const setting = await openSetting(stage)
    const server = await stage.startVariant(variant)
    const points: Point[] = []
    for (let served = 0; served < requests;) {
      for (const [name, seconds] of Object.entries(SECONDS)) {
        const endpoint = endpoints.find((one) => one.name === name)
        if (!endpoint) continue
        const turn = { connections: 32, warmUpMs: 0, measuredMs: 1000 * seconds }
        const sample = await takeTurn(stage, setting, { endpoint, variant, server }, turn)
        served += sample.requests
        points.push({ requests: served, rssMb: sample.rssMb })
      }
      progress(
        `memory: ${variant}: ${whole(points.at(-1)?.rssMb ?? NaN)} MiB after ${whole(served)} requests`,
      )
    }
    return points
  })
}

/** Median memory of a part of the run, by requests. */
function between(points: Point[], from: number, to: number): number {
  const all = points.at(-1)?.requests ?? 0
  return median(
    points.filter(({ requests }) => requests >= from * all && requests <= to * all).map(({ rssMb }) => rssMb),
  )
}

/** Whether memory stays where it is, and how much it is. */
export async function measureMemory(options: BenchOptions): Promise<Section> {
  const rows: { variant: Variant; points: Point[]; mostMb: number }[] = []
  for (const [variant, mostMb] of Object.entries(MOST_MB) as ['ours' | 'ours, no tracing', number][]) {
    rows.push({ variant, mostMb, points: await watchMemory(variant, options) })
  }
  const cells = rows.map(({ variant, points, mostMb }) => {
    const [second, last] = [between(points, 0.25, 0.5), between(points, 0.75, 1)]
    const highest = Math.max(...points.map(({ rssMb }) => rssMb))
    return [
      variant,
      whole(second),
      whole(last),
      whole(highest),
      `flat ${verdict(last <= second * (1 + MOST_GROWTH))}, ≤ ${mostMb} ${verdict(highest <= mostMb)}`,
    ]
  })
  return {
    title: 'Memory',
    text:
      `RSS in MiB over ${whole(options.requests)} requests of all kinds at 32 connections. Flat: from the second quarter to ` +
      `the last it grows by at most ${100 * MOST_GROWTH} %.\n\n` +
      toTable(['variant', 'second quarter', 'last quarter', 'highest', 'target'], cells),
    data: rows,
  }
}
