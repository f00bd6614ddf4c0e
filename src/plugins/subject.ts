import type { FastifyReply, FastifyRequest } from 'fastify'

const EVENT_ID = /^evt_[0-9a-z]{26}$/

/** @returns The event that a request is about; undefined where it names none, or something that is no event id. */
export function eventIdOf({ params }: FastifyRequest, reply: FastifyReply): string | undefined {
  // A new event is named by the Location of its answer.
  const location = reply.getHeader('location')
  const id =
    typeof location === 'string'
      ? location.split('/').at(-1)
      : (params as { event_id?: string } | undefined)?.event_id
  return id !== undefined && EVENT_ID.test(id) ? id : undefined
}
