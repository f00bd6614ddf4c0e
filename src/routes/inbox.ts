import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Events } from '../domain/events.ts'
import { AcknowledgeBody } from '../schemas/acknowledge.ts'
import { Event, EventPath } from '../schemas/event.ts'
import { InboxQuery, NoQuery } from '../schemas/paging.ts'
import { linkNextPage, PAGE_HEADERS } from './next-page.ts'
import { answer, COMMON_ERRORS, emptyAnswer, errorAnswers, ref } from './responses.ts'

const SECURITY = [{ key: [] }]

/** Finding what is to be delivered, and acknowledging it. */
export const inboxRoutes: FastifyPluginCallbackTypebox<{ events: Events }> = (app, { events }, done) => {
  app.get(
    '/inbox',
    {
      config: { scope: 'inbox:read' },
      schema: {
        operationId: 'readInbox',
        summary: 'Read the inbox, oldest first',
        description:
          'Events that can be delivered now, whole. Reading changes nothing: poll from the start, without a cursor, ' +
          'handle what is there and acknowledge each event. A page may hold fewer events than `limit`; only a missing ' +
          '`Link` means the end. Scope: `inbox:read`.',
        tags: ['inbox'],
        security: SECURITY,
        querystring: InboxQuery,
        response: {
          200: answer(Type.Array(ref(Event)), { description: 'A page of events.', headers: PAGE_HEADERS }),
          ...errorAnswers('invalid_cursor', ...COMMON_ERRORS),
        },
      },
    },
    async (request, reply) => {
      const { items, cursor } = await events.inbox(request.callScope, request.query)
      linkNextPage(reply, '/inbox', request.query, cursor)
      return items
    },
  )

  app.post(
    '/events/:event_id/acknowledge',
    {
      config: { scope: 'inbox:ack' },
      schema: {
        operationId: 'acknowledgeEvent',
        summary: 'Acknowledge an event',
        description:
          'Marks the event as delivered: it never comes to the inbox again. Repeating it changes nothing and is no ' +
          'error. Scope: `inbox:ack`.',
        tags: ['inbox'],
        security: SECURITY,
        params: EventPath,
        querystring: NoQuery,
        body: AcknowledgeBody,
        response: {
          204: emptyAnswer('The event is delivered.'),
          ...errorAnswers('not_found', 'payload_too_large', 'unsupported_media_type', ...COMMON_ERRORS),
        },
      },
    },
    async (request, reply) => {
      const { event_id } = request.params
      const { event_type, repeated } = await events.acknowledge(request.callScope, event_id)
      const { key_id } = request.principal
      request.log.info({ audit: 'acknowledge', event_id, event_type, key_id, repeated }, 'audit')
      return reply.code(204).send(null)
    },
  )
  done()
}
