import type { FastifyInstance } from 'fastify'

/** Whether the process takes new work. Flipped once, at the first signal to stop. */
export interface DrainState {
  isDraining: boolean
}

const SWEEP_INTERVAL_MS = 50

/**
 * Lets a process end without cutting a request: while it drains, every answer closes its connection, and `close()` does
 * not wait for connections that have turned idle (Fastify's own waits out their whole keep-alive time).
 */
export function registerDrain(app: FastifyInstance, state: DrainState): void {
  app.addHook('onSend', async (_request, reply) => {
    if (state.isDraining) reply.header('connection', 'close')
  })
  app.addHook('preClose', async () => {
    const sweep = setInterval(() => {
      app.server.closeIdleConnections()
    }, SWEEP_INTERVAL_MS)
    app.server.once('close', () => {
      clearInterval(sweep)
    })
  })
}
