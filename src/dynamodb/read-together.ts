import type { AttributeValue, GetItemCommandInput, GetItemCommandOutput } from '@aws-sdk/client-dynamodb'
import type { DynamoDB } from './client.ts'

/** Most keys that one `BatchGetItem` takes. */
const MAX_KEYS = 100

type Calls = Pick<DynamoDB, 'getItem' | 'batchGetItem'>
type Item = Record<string, AttributeValue>

/** Somebody who waits for an item. */
interface Reader {
  input: GetItemCommandInput
  signal: AbortSignal
  resolve: (output: GetItemCommandOutput) => void
  reject: (error: unknown) => void
}

/** Readers of one table, by the key they want: who wants the same shares one reading. */
type Batch = Map<string, Reader[]>

const nameOf = (key: Item = {}) => `${key['pk']?.S ?? ''}\0${key['sk']?.S ?? ''}`

/** A consistent reading of a whole item, which is all that a batch can be asked for here. */
function isPlain({ ConsistentRead, ProjectionExpression }: GetItemCommandInput): boolean {
  return ConsistentRead === true && ProjectionExpression === undefined
}

/** Divides readers into batches, each of one table and of no more keys than a call takes. */
function toBatches(readers: Reader[]): Batch[] {
  const batches: Batch[] = []
  const open = new Map<string | undefined, Batch>()
  for (const reader of readers) {
    const { TableName, Key } = reader.input
    let batch = open.get(TableName)
    if (!batch || batch.size === MAX_KEYS) {
      batch = new Map()
      batches.push(batch)
      open.set(TableName, batch)
    }
    const name = nameOf(Key)
    const sharing = batch.get(name)
    if (sharing) sharing.push(reader)
    else batch.set(name, [reader])
  }
  return batches
}

/** A signal for a call that serves several: it aborts when nobody waits any more. Who is out of time is told at once. */
function watchReaders(readers: Reader[]): { signal: AbortSignal; forget: () => void } {
  const controller = new AbortController()
  let waiting = readers.length
  const listeners = readers.map(({ signal, reject }) => {
    const onAbort = () => {
      reject(signal.reason)
      if (--waiting === 0) controller.abort(signal.reason)
    }
    signal.addEventListener('abort', onAbort)
    return () => {
      signal.removeEventListener('abort', onAbort)
    }
  })
  return {
    signal: controller.signal,
    forget: () => {
      for (const stop of listeners) stop()
    },
  }
}

/** Who is out of time before anything was asked is told so, and costs no call. */
function isWaiting({ signal, reject }: Reader): boolean {
  if (signal.aborted) reject(signal.reason)
  return !signal.aborted
}

async function readAlone(calls: Calls, { input, signal, resolve, reject }: Reader): Promise<void> {
  await calls.getItem(input, signal).then(resolve, reject)
}

async function readBatch(calls: Calls, batch: Batch): Promise<void> {
  const readers = [...batch.values()].flat()
  const [first] = readers
  if (!first) return
  if (readers.length === 1) return readAlone(calls, first)
  const table = first.input.TableName ?? ''
  const keys = [...batch.values()].map(([reader]) => reader?.input.Key ?? {})
  const { signal, forget } = watchReaders(readers)
  try {
    const request = { RequestItems: { [table]: { Keys: keys, ConsistentRead: true } } }
    const { Responses, UnprocessedKeys, $metadata } = await calls.batchGetItem(request, signal)
    const found = new Map((Responses?.[table] ?? []).map((Item) => [nameOf(Item), Item]))
    const left = new Set((UnprocessedKeys?.[table]?.Keys ?? []).map(nameOf))
    for (const [name, sharing] of batch) {
      const Item = found.get(name)
      for (const reader of sharing) {
        if (left.has(name)) void readAlone(calls, reader)
        else reader.resolve({ ...(Item && { Item }), $metadata })
      }
    }
  } catch (error) {
    for (const { reject } of readers) reject(error)
  } finally {
    forget()
  }
}

/**
 * Reads that are asked for in the same turn of the event loop become one `BatchGetItem`: under load most of the cost of
 * a reading is that of the call. One that is alone stays a `GetItem`. What it gives is as consistent, and costs the
 * same read units; keys that DynamoDB leaves unprocessed are read alone.
 */
export function readTogether(calls: Calls): DynamoDB['getItem'] {
  let gathered: Reader[] = []

  function readGathered(): void {
    const batches = toBatches(gathered.filter(isWaiting))
    gathered = []
    for (const batch of batches) void readBatch(calls, batch)
  }

  return (input, signal) => {
    if (!isPlain(input)) return calls.getItem(input, signal)
    return new Promise((resolve, reject) => {
      if (gathered.length === 0) setImmediate(readGathered)
      gathered.push({ input, signal, resolve, reject })
    })
  }
}
