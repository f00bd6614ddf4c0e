import type { FastifyBaseLogger } from 'fastify'
import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { DrainState } from './plugins/drain.ts'

export interface ShutdownOptions {
  drain: DrainState
  server: Server
  logger: FastifyBaseLogger
  /** Ends what would keep requests under way for long. */
  onDraining: () => void
  /** Resolves when every request is answered and every connection closed. */
  close: () => PromiseLike<unknown>
  /** Releases what is left, once no request needs it any more. */
  release: () => Promise<void>
  /** How long the process takes to be left alone, in ms: for the first half it serves as ever. */
  settleMs: number
  /** How long requests under way may still take after that, in ms; then they are cut. */
  timeoutMs: number
}

/** Refuses new connections and leaves open ones alone; `close()` of an HTTP server would cut those that seem idle. */
function stopListening(server: Server): void {
  NetServer.prototype.close.call(server)
}

/**
 * Ends the process without losing a request. Safe to call twice.
 *
 * 1. It serves as ever, but is not ready: load balancers stop sending. Were each answer to close its connection now,
 *    busy clients would keep connecting, and those that the kernel holds when listening ends are reset.
 * 2. It refuses connections and closes those that it has with their next answer: a client that is just sending on one
 *    that seems idle is not cut.
 * 3. It closes idle connections, waits for requests under way, and releases everything.
 */
export function createShutdown(options: ShutdownOptions): (reason: string) => Promise<void> {
  const { drain, server, logger, onDraining, close, release, settleMs, timeoutMs } = options
  return async (reason) => {
    if (drain.isDraining) return
    drain.isDraining = true
    logger.info({ reason, settle_ms: settleMs }, 'draining')
    onDraining()
    await wait(settleMs / 2)
    drain.isClosing = true
    stopListening(server)
    await wait(settleMs / 2)
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
