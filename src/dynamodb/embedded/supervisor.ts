import { setTimeout as delay } from 'node:timers/promises'
import type { StoreChild } from './store-child.ts'

const QUICK_DEATH_MS = 250
const MAX_QUICK_DEATHS = 10
const FIRST_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 2000

export interface Supervision {
  restart(): StoreChild
  /** Called before each restart, with why the last child ended. */
  onRestart: (reason: string) => void
  /** Called once, after 10 children in a row that died within 250 ms of being ready, or before: none will follow. */
  onGiveUp: (reason: string) => void
  /** Resolves after the time, or as soon as the signal is aborted. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Starts a child anew whenever it dies, and never keeps this process alive for it. Returns what ends it all. */
export function supervise(first: StoreChild, supervision: Supervision): () => Promise<void> {
  const { wait = waitUnref } = supervision
  const stopping = new AbortController()
  const isStopping = () => stopping.signal.aborted
  let child = first

  async function watch(): Promise<void> {
    let quickDeaths = 0
    for (;;) {
      child.unref()
      const report = await child.ready
      const readyAt = Date.now()
      const death = await child.died
      if (isStopping()) return
      const reason = 'failure' in report ? report.message : death
      quickDeaths = Date.now() - readyAt < QUICK_DEATH_MS ? quickDeaths + 1 : 0
      if (quickDeaths >= MAX_QUICK_DEATHS) {
        supervision.onGiveUp(reason)
        return
      }
      supervision.onRestart(reason)
      await wait(backoffMs(quickDeaths), stopping.signal)
      if (isStopping()) return
      child = supervision.restart()
    }
  }

  void watch()
  return async () => {
    stopping.abort()
    await child.stop()
  }
}

async function waitUnref(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { ref: false, signal }).catch(() => undefined)
}

/** At once for the first, then doubling, about 9 s in all: a CLI that took the folder meanwhile ends in that time. */
function backoffMs(quickDeaths: number): number {
  return quickDeaths < 2 ? 0 : Math.min(FIRST_BACKOFF_MS * 2 ** (quickDeaths - 2), MAX_BACKOFF_MS)
}
