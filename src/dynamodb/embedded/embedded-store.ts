import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findRunningStore, removeEndpointFile, writeEndpointFile } from './endpoint-file.ts'
import type { Failure } from './messages.ts'
import { startStoreChild, type StoreChild } from './store-child.ts'
import { supervise } from './supervisor.ts'

const LOCK_PATIENCE_MS = 5000
const LOCK_RETRY_MS = 100

export interface EmbeddedStore {
  endpoint: string
  /** Closes the store; does nothing to one that was joined. */
  stop(): Promise<void>
}

export interface EmbeddedStoreOptions {
  /** The data folder, made with mode 0700 where it is missing. */
  folder: string
  /** Join the store that a server already runs over this folder, if there is one. */
  attach?: boolean
  /** The store's process ended unexpectedly and is started again on the same port. */
  onRestart?: (reason: string) => void
  /** The store's process cannot be kept alive; without this callback the error is thrown, uncaught. */
  onGiveUp?: (error: Error) => void
}

/**
 * A DynamoDB that needs nothing but Node: dynalite over LevelDB in a child process, which is started again when it dies
 * and never outlives this process. For development: LevelDB's writes survive the death of any process, but are not
 * flushed for a power cut. Rejects when another process has the folder for longer than 5 s.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const folder = resolve(options.folder)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // Who has the folder may be just ending: an orphan that notices its parent's death, or a CLI.
  const patientUntil = Date.now() + LOCK_PATIENCE_MS
  for (;;) {
    const running = options.attach ? await findRunningStore(folder) : undefined
    if (running) return { endpoint: running, stop: () => Promise.resolve() }
    const started = await startStore(folder, options)
    if ('endpoint' in started) return started
    if (started.failure !== 'locked') throw new Error(`the embedded store did not start: ${started.message}`)
    if (Date.now() > patientUntil) throw new Error(`the data folder ${folder} is in use by another process`)
    await delay(LOCK_RETRY_MS)
  }
}

/** Starts an own child over the folder and keeps it alive. */
async function startStore(folder: string, options: EmbeddedStoreOptions): Promise<EmbeddedStore | Failure> {
  const path = join(folder, 'leveldb')
  const storeId = randomUUID()
  const child = startStoreChild(path, 0, storeId)
  const report = await child.ready
  if ('failure' in report) return report

  const { endpoint } = report
  // A CLI's store ends with the CLI's own work, so nobody may join that one.
  const isJoinable = !options.attach
  const announce = ({ pid }: StoreChild) => writeEndpointFile(folder, { endpoint, pid, storeId })
  const stopChildren = supervise(child, {
    restart: () => {
      const next = startStoreChild(path, Number(new URL(endpoint).port), storeId)
      // Only the pid is news in the file, so a failure to write it harms nobody.
      if (isJoinable) void announce(next).catch(() => undefined)
      return next
    },
    onRestart: options.onRestart ?? (() => undefined),
    onGiveUp: (reason) => {
      giveUp(new Error(`the embedded store over ${folder} keeps dying: ${reason}`), options)
    },
  })
  if (isJoinable) await announce(child).catch(stopAndThrow(stopChildren))
  return {
    endpoint,
    stop: async () => {
      if (isJoinable) await removeEndpointFile(folder)
      await stopChildren()
    },
  }
}

function stopAndThrow(stop: () => Promise<void>) {
  return async (error: unknown) => {
    await stop()
    throw error
  }
}

function giveUp(error: Error, { onGiveUp }: EmbeddedStoreOptions): void {
  if (onGiveUp) onGiveUp(error)
  else
    setImmediate(() => {
      throw error
    })
}
