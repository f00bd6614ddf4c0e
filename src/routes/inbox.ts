import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Events } from '../domain/events.ts'
import { Event } from '../schemas/event.ts'
import { InboxQuery, NoQuery } from '../schemas/paging.ts'
import { InboxStats } from '../schemas/inbox-stats.ts'
import { AcknowledgeManyBody, EventResults } from '../schemas/queue.ts'
import { auditAcknowledgement } from './audit.ts'
import { linkNextPage, PAGE_HEADERS } from './next-page.ts'
import { answer, BODY_ERRORS, COMMON_ERRORS, errorAnswers, ref, SECURITY } from './responses.ts'

/** Finding what is to be delivered, and saying that it was handled. */
export const inboxRoutes: FastifyPluginCallbackTypebox<{ events: Events }> = (app, { events }, done) => {
  app.get(
    '/inbox',
    {
      config: { scope: 'inbox:read', load: 'inbox' },
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

  app.get(
    '/inbox/stats',
    {
      config: { scope: 'inbox:read', load: 'list' },
      schema: {
        operationId: 'getInboxStats',
        summary: 'How much is in the inbox',
        description:
          'Counts events by what can be done with them now, each up to 10,000. May lag by a second. Scope: `inbox:read`.',
        tags: ['inbox'],
        security: SECURITY,
        querystring: NoQuery,
        response: {
          200: answer(ref(InboxStats), { description: 'The counts.' }),
          ...errorAnswers(...COMMON_ERRORS),
        },
      },
    },
    async (request) => events.stats(request.callScope),
  )

  app.post(
    '/inbox/acknowledge',
    {
      config: { scope: 'inbox:ack', load: 'acknowledge' },
      schema: {
        operationId: 'acknowledgeEvents',
        summary: 'Acknowledge up to 100 events',
        description:
          'Marks each event as delivered, as acknowledging it alone does. With a `lease_id`, events that somebody else ' +
          'holds are left alone (`lease_lost`). Scope: `inbox:ack`.',
        tags: ['inbox'],
        security: SECURITY,
        querystring: NoQuery,
        body: ref(AcknowledgeManyBody),
        response: {
          200: answer(ref(EventResults), { description: 'What became of each event.' }),
          ...errorAnswers(...BODY_ERRORS, ...COMMON_ERRORS),
        },
      },
    },
    async (request) => events.acknowledgeMany(request.callScope, request.body, auditAcknowledgement(request)),
  )
  done()
}
