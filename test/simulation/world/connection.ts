import {
  ConditionalCheckFailedException,
  type BatchGetItemCommandInput,
  type BatchGetItemCommandOutput,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { storeUnavailable } from '../../../src/errors.ts'
import { textOf } from '../../../src/dynamodb/items.ts'
import { readTogether } from '../../../src/dynamodb/read-together.ts'
import type { DynamoDB } from '../../../src/dynamodb/client.ts'
import type { Timers } from '../../../src/domain/timers.ts'
import { drawFate, type Fate } from './fate.ts'
import type { World } from './world.ts'

/** Whose connection it is. What is dead gets no answer any more. */
export interface Sender {
  name: string
  isAlive: boolean
  timers: Timers
  /** Dies where that is drawn. */
  mayDie(): void
}

/** As the SDK's client is set up by `createClient`. */
const MAX_ATTEMPTS = 3
const BACKOFF_MS = 25
const THROTTLED_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 400
/** How probable it is that a key of a batch with a fault is left unprocessed. */
const UNPROCESSED = 0.3

type Result<Output> = { output: Output } | { refusal: unknown } | { fault: NonNullable<Fate['fault']> }

/** As every client tells of its attempts. */
function withAttempts(refusal: unknown, attempts: number): unknown {
  if (refusal instanceof ConditionalCheckFailedException) refusal.$metadata.attempts = attempts
  return refusal
}

/** A way to the store, with the SDK's attempts, on which everything goes wrong that can. */
export class Connection {
  readonly #world: World
  readonly #sender: Sender

  constructor(world: World, sender: Sender) {
    this.#world = world
    this.#sender = sender
  }

  dynamodb(): DynamoDB {
    const { store } = this.#world
    const reads: Pick<DynamoDB, 'getItem' | 'batchGetItem'> = {
      getItem: (input, signal) =>
        this.#call(`getItem ${textOf(input.Key ?? {}, 'sk')}`, signal, () => store.getItem(input)),
      batchGetItem: (input, signal) => this.#call('batchGetItem', signal, () => this.#leaveOut(input)),
    }
    const readOne = readTogether(reads)
    return {
      ...reads,
      getItem: (input, signal) => {
        this.#world.scheduler.needTurn()
        return readOne(input, signal)
      },
      query: (input, signal) => this.#call('query', signal, () => store.query(input, this.#mostRows())),
      putItem: (input, signal) =>
        this.#call(`putItem ${textOf(input.Item ?? {}, 'sk')}`, signal, () => store.putItem(input)),
      updateItem: (input, signal) =>
        this.#call(`updateItem ${describeUpdate(input)}`, signal, () => store.updateItem(input)),
    }
  }

  async #call<Output>(operation: string, signal: AbortSignal, perform: () => Output): Promise<Output> {
    const { random } = this.#world
    this.#world.counts.calls += 1
    for (let attempt = 1; ; attempt++) {
      const result = await this.#attempt(operation, signal, perform)
      if ('output' in result) return result.output
      if ('refusal' in result) throw withAttempts(result.refusal, attempt)
      if (attempt === MAX_ATTEMPTS) throw storeUnavailable(new Error(result.fault))
      const base = result.fault === 'throttled' ? THROTTLED_BACKOFF_MS : BACKOFF_MS
      const backoff = random.draw() * Math.min(base * 2 ** attempt, MAX_BACKOFF_MS)
      await this.#sender.timers.wait(backoff, signal).catch((error: unknown) => {
        throw storeUnavailable(error)
      })
    }
  }

  /** Sends once. Never settles for a sender that died meanwhile. */
  #attempt<Output>(operation: string, signal: AbortSignal, perform: () => Output): Promise<Result<Output>> {
    const { scheduler, random, counts, settings } = this.#world
    if (signal.aborted) return Promise.reject(storeUnavailable(signal.reason))
    this.#sender.mayDie()
    const { promise, resolve, reject } = Promise.withResolvers<Result<Output>>()
    const fate = drawFate(random, this.#world.hasFaults ? settings.faults : 0)
    if (fate.fault) counts.faults += 1
    const abort = () => {
      reject(storeUnavailable(signal.reason))
    }
    signal.addEventListener('abort', abort, { once: true })
    let result: Result<Output> | undefined
    if (fate.appliesAfter !== undefined)
      scheduler.after(fate.appliesAfter, () => {
        if (fate.appliesAfter! > fate.answersAfter) counts.late += 1
        result = this.#perform(operation, perform)
      })
    scheduler.after(fate.answersAfter, () => {
      signal.removeEventListener('abort', abort)
      this.#sender.mayDie()
      if (this.#sender.isAlive) resolve(answerOf(fate, result))
    })
    return promise
  }

  #perform<Output>(operation: string, perform: () => Output): Result<Output> {
    const { trace, scheduler } = this.#world
    const write = (outcome: string) => {
      trace.add(`${scheduler.now} ${this.#sender.name} ${operation} ${outcome}`)
    }
    try {
      const output = perform()
      write('done')
      return { output }
    } catch (refusal) {
      write(refusal instanceof ConditionalCheckFailedException ? 'refused' : String(refusal))
      return { refusal }
    }
  }

  /** Pages may be short, and even empty, and still have more after them. */
  #mostRows(): number | undefined {
    const { random, settings, hasFaults } = this.#world
    return hasFaults && random.chance(settings.faults) ? random.between(0, 3) : undefined
  }

  /** DynamoDB may leave keys of a batch unread, and says which. */
  #leaveOut(input: BatchGetItemCommandInput): BatchGetItemCommandOutput {
    const { random, settings, hasFaults, table, store } = this.#world
    const asked = input.RequestItems?.[table]
    if (!asked || !hasFaults || !random.chance(settings.faults)) return store.batchGetItem(input)
    const { Keys: keys = [] } = asked
    const left = keys.filter(() => random.chance(UNPROCESSED))
    const Keys = keys.filter((key) => !left.includes(key))
    const read =
      Keys.length === 0
        ? { Responses: {}, $metadata: {} }
        : store.batchGetItem({ RequestItems: { [table]: { ...asked, Keys } } })
    if (left.length === 0) return read
    return { ...read, UnprocessedKeys: { [table]: { ...asked, Keys: left } } }
  }
}

/** Which item, and what is set to what. */
function describeUpdate({
  Key: key = {},
  ExpressionAttributeValues: values = {},
}: UpdateItemCommandInput): string {
  const told = ['new_status', 'new_available_at', 'new_lease_id', 'lease_id', 'seen'].flatMap((name) => {
    const value = values[`:${name}`]?.S
    return value === undefined ? [] : [`${name} ${value}`]
  })
  return [textOf(key, 'sk'), ...told].join(' ')
}

function answerOf<Output>({ fault }: Fate, result: Result<Output> | undefined): Result<Output> {
  if (fault) return { fault }
  return result ?? { fault: 'reset' }
}
