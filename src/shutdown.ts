import type { FastifyBaseLogger } from 'fastify'
import type { Server } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { DrainState } from './plugins/drain.ts'

export interface ShutdownOptions {
  drain: DrainState
  server: Server
  logger: FastifyBaseLogger
  /** Ends listening, and resolves when every request is answered. */
  close: () => PromiseLike<unknown>
  /** Releases what is left, once no request needs it any more. */
  release: () => Promise<void>
  /** How long the process still serves, in ms: what load balancers need to stop sending. */
  settleMs: number
  /** How long requests under way may still take after that, in ms; then they are cut. */
  timeoutMs: number
}

/**
 * Ends the process without losing a request: serve on while clients are told to leave, stop listening, let requests
 * under way end, then release everything. Safe to call twice.
 */
export function createShutdown(options: ShutdownOptions): (reason: string) => Promise<void> {
  const { drain, server, logger, close, release, settleMs, timeoutMs } = options
  return async (reason) => {
    if (drain.isDraining) return
    drain.isDraining = true
    logger.info({ reason, settle_ms: settleMs }, 'draining')
    await wait(settleMs)
    const cut = setTimeout(() => {
      logger.warn({ timeout_ms: timeoutMs }, 'requests under way are cut')
      server.closeAllConnections()
    }, timeoutMs)
    await close()
    clearTimeout(cut)
    await release()
    logger.info('stopped')
  }
}
