import type { FastifyReply } from 'fastify'

/**
 * Aborts when the client disconnects before it has its answer.
 *
 * `request.signal` is no such thing: it follows the request's own `close`, which Node emits as soon as the body has been
 * read. Asked for before that it aborts at once; asked for afterwards it never does.
 */
export function clientGone({ raw }: Pick<FastifyReply, 'raw'>): AbortSignal {
  const gone = new AbortController()
  const leave = () => {
    if (!raw.writableFinished) gone.abort()
  }
  if (raw.destroyed) leave()
  else raw.once('close', leave)
  return gone.signal
}
