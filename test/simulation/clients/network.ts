import type { Events } from '../../../src/domain/events.ts'
import type { CallScope } from '../../../src/domain/ports.ts'
import { AppError, ERROR_STATUS, type ErrorCode } from '../../../src/errors.ts'
import { CONFIG, type Task } from '../world/task.ts'
import type { World } from '../world/world.ts'

/** What a client learns of one request. Times in ms. */
export interface Reply<Value> {
  invoked: number
  completed: number | null
  outcome: 'ok' | 'fail' | 'unknown'
  value?: Value
  /** Why it was refused. */
  code?: ErrorCode
}

export type Perform<Value> = (events: Events, scope: CallScope, gone: AbortSignal) => Promise<Value>

interface RequestOptions {
  tenant: string
  /** Aborts when the client dies. */
  gone: AbortSignal
  /** For how long the request asks to wait. */
  waitMs?: number
}

const MAX_LATENCY_MS = 4
/** A request has to be answered so long after its deadline, in ms. */
const GRACE_MS = 1_000
const UNKNOWN = { completed: null, outcome: 'unknown' } as const

/** Sends one request to some task. It gets lost where that is drawn, before or after it was served. */
export async function request<Value>(
  world: World,
  perform: Perform<Value>,
  { tenant, gone, waitMs = 0 }: RequestOptions,
): Promise<Reply<Value>> {
  const { scheduler, random, settings } = world
  const invoked = scheduler.now
  const isLost = () => gone.aborted || (world.hasFaults && random.chance(settings.faults / 4))
  await scheduler.sleep(random.between(0, MAX_LATENCY_MS))
  const task = world.pickTask()
  if (!task || isLost()) return { invoked, ...UNKNOWN }
  const reply = await serve(world, task, perform, { tenant, gone, waitMs })
  await scheduler.sleep(random.between(0, MAX_LATENCY_MS))
  if (reply.outcome === 'unknown' || isLost()) return { invoked, ...UNKNOWN }
  return { invoked, ...reply, completed: scheduler.now }
}

type Served<Value> = Omit<Reply<Value>, 'invoked' | 'completed'>

/** Lets the task serve the request, unless the task or the client dies meanwhile. */
function serve<Value>(
  world: World,
  task: Task,
  perform: Perform<Value>,
  { tenant, gone, waitMs = 0 }: RequestOptions,
): Promise<Served<Value>> {
  const { promise, resolve } = Promise.withResolvers<Served<Value>>()
  const lose = () => {
    resolve({ outcome: 'unknown' })
  }
  const callOffDeath = task.whenDead(lose)
  // Who waits looks once before, and may be looking when the time is up: each look has a deadline of its own.
  const patienceMs = waitMs > 0 ? waitMs + 2 * CONFIG.deadlineMs : CONFIG.deadlineMs
  const callOffPatience = world.scheduler.after(patienceMs + GRACE_MS, () => {
    world.violate('request without end', task.name)
    lose()
  })
  gone.addEventListener('abort', lose, { once: true })
  const scope = { tenant: world.tenant(tenant), signal: task.timers.deadline(CONFIG.deadlineMs) }
  perform(task.events, scope, gone).then(
    (value) => {
      resolve({ outcome: 'ok', value })
    },
    (error: unknown) => {
      resolve(refusalOf(world, error))
    },
  )
  return promise.finally(() => {
    callOffDeath()
    callOffPatience()
    gone.removeEventListener('abort', lose)
  })
}

/** As the error envelope has it: a 5xx says nothing of what happened. What is no AppError is a defect of the service. */
function refusalOf<Value>(world: World, error: unknown): Served<Value> {
  if (!(error instanceof AppError)) {
    world.violate('internal error', error instanceof Error ? (error.stack ?? error.message) : String(error))
    return { outcome: 'unknown' }
  }
  return ERROR_STATUS[error.code] >= 500 ? { outcome: 'unknown' } : { outcome: 'fail', code: error.code }
}
