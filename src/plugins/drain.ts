import type { FastifyInstance } from 'fastify'

/** How far a process is on its way out. Each flag goes up once. */
export interface DrainState {
  /** A signal to stop has come: `/ready` says so, everything else is served as ever. */
  isDraining: boolean
  /** New connections are refused: every answer closes its own. */
  isClosing: boolean
}

const SWEEP_INTERVAL_MS = 50

/**
 * Lets a process end without cutting a request: while it closes, every answer closes its connection, and `close()` does
 * not wait for connections that turn idle (Fastify's own waits out their whole keep-alive time).
 */
export function registerDrain(app: FastifyInstance, state: DrainState): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (state.isClosing) reply.header('connection', 'close')
    done()
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
