import { checkHistory } from '../support/history/check-history.ts'
import { consume } from './clients/consumer.ts'
import { Crowd } from './clients/crowd.ts'
import { drain, readFinal } from './clients/finisher.ts'
import { operate, poll } from './clients/poller.ts'
import { produce } from './clients/producer.ts'
import { checkExpired, checkOrder } from './rules/afterwards.ts'
import type { Settings } from './world/settings.ts'
import { Trace } from './world/trace.ts'
import { World, type Sabotage, type Violation } from './world/world.ts'

/** What came of one seed. */
export interface Outcome {
  seed: number
  settings: Settings
  violations: Violation[]
  /** Equal for equal courses. */
  hash: string
  counts: World['counts'] & {
    steps: number
    virtualMs: number
    operations: number
    claimed: number
    events: number
  }
}

const BUSY = 'busy'
const SMALL = 'small'
/** An attempt takes effect at most so long (ms) after the last fault. */
const LATE_MS = 5_000
/** What no promise covers while clocks differ by more than the guard. */
const NEEDS_CLOCKS = ['doubly held', 'offered while held', 'holder refused', 'wrong end', 'out of order']

/** Makes a world from a seed, lets everybody at it, heals it, waits until all is done, and judges what happened. */
export async function simulate(
  seed: number,
  sabotage: Sabotage = {},
  write?: (line: string) => void,
): Promise<Outcome> {
  const trace = new Trace(write)
  const world = new World(seed, trace, sabotage)
  const crowd = new Crowd(world, [BUSY, SMALL])
  const { scheduler, settings, counts } = world
  trace.add(JSON.stringify(settings))
  const start = scheduler.now
  await scheduler.runUntilDone(course(crowd))
  const operations = [...crowd.operations.values()].flat()
  const claimed = operations.flatMap((one) => (one.op === 'claim' ? one.events : [])).length
  return {
    seed,
    settings,
    violations: world.violations.filter(
      ({ rule }) => !settings.hasWildClocks || !NEEDS_CLOCKS.includes(rule),
    ),
    hash: trace.digest(),
    counts: {
      ...counts,
      steps: scheduler.steps,
      virtualMs: scheduler.now - start,
      operations: operations.length,
      claimed,
      events: crowd.accepted(BUSY).length + crowd.accepted(SMALL).length,
    },
  }
}

async function course(crowd: Crowd): Promise<void> {
  const { world } = crowd
  await Promise.all([
    produce(crowd, BUSY),
    produce(crowd, BUSY),
    consume(crowd, BUSY),
    consume(crowd, BUSY),
    consume(crowd, BUSY),
    poll(crowd, BUSY),
    operate(crowd, BUSY),
    produce(crowd, SMALL),
    consume(crowd, SMALL),
    operate(crowd, SMALL),
  ])
  world.heal()
  await world.scheduler.sleep(LATE_MS)
  for (const tenant of [BUSY, SMALL]) await finish(crowd, tenant)
  await checkOrder(crowd)
  await checkExpired(crowd, BUSY, world.finals.get(BUSY) ?? [])
}

/** Drains a tenant and judges everything that happened to it. */
async function finish(crowd: Crowd, tenant: string): Promise<void> {
  const { world } = crowd
  await drain(crowd, tenant)
  const final = await readFinal(crowd, tenant)
  world.finals.set(tenant, final)
  const operations = crowd.operationsOf(tenant)
  const { maxAttempts } = world.settings
  for (const { rule, event_id, detail } of checkHistory({ operations, final, maxAttempts }))
    world.violate(rule, `${event_id} ${detail}`)
}
