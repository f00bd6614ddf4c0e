import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Events } from '../domain/events.ts'
import { Event, EventPath, EventSummary, NewEvent } from '../schemas/event.ts'
import { IdempotencyHeaders } from '../schemas/idempotency.ts'
import { ListQuery, NoQuery } from '../schemas/paging.ts'
import { linkNextPage, PAGE_HEADERS } from './next-page.ts'
import { answer, BODY_ERRORS, COMMON_ERRORS, errorAnswers, ref, SECURITY } from './responses.ts'

/** Accepting events and looking at them. */
export const eventRoutes: FastifyPluginCallbackTypebox<{ events: Events }> = (app, { events }, done) => {
  app.post(
    '/events',
    {
      config: { scope: 'events:write', load: 'create' },
      schema: {
        operationId: 'createEvent',
        summary: 'Accept an event',
        description:
          'Stores the event and answers it; it is in the inbox from now on. With an `Idempotency-Key`, repeating the ' +
          'request gives the same event again, as it stands then. Scope: `events:write`.',
        tags: ['events'],
        security: SECURITY,
        headers: IdempotencyHeaders,
        querystring: NoQuery,
        body: ref(NewEvent),
        response: {
          201: answer(ref(Event), {
            description: 'The event is stored durably.',
            headers: {
              Location: { type: 'string', description: 'Path of the event.' },
              'Idempotent-Replayed': { type: 'string', description: '`true` when the key was used before.' },
            },
          }),
          ...errorAnswers('idempotency_key_reused', ...BODY_ERRORS, ...COMMON_ERRORS),
        },
      },
    },
    async (request, reply) => {
      const key = request.raw.headers['idempotency-key'] as string | undefined
      const { event, replayed } = await events.create(request.callScope, request.body, key)
      if (replayed) reply.header('idempotent-replayed', 'true')
      return reply.code(201).header('location', `/events/${event.event_id}`).send(event)
    },
  )

  app.get(
    '/events/:event_id',
    {
      config: { scope: 'events:read', load: 'get' },
      schema: {
        operationId: 'getEvent',
        summary: 'Get an event',
        description: 'The event as it stands now, with its payload. Scope: `events:read`.',
        tags: ['events'],
        security: SECURITY,
        params: EventPath,
        querystring: NoQuery,
        response: {
          200: answer(ref(Event), { description: 'The event.' }),
          ...errorAnswers('not_found', ...COMMON_ERRORS),
        },
      },
    },
    async (request) => events.get(request.callScope, request.params.event_id),
  )

  app.get(
    '/events',
    {
      config: { scope: 'events:read', load: 'list' },
      schema: {
        operationId: 'listEvents',
        summary: 'List events, newest first',
        description:
          'Summaries of all events that match every filter. Follow `Link` until there is none: each event that ' +
          'matched throughout comes exactly once. Lists by status may lag by a second. Scope: `events:read`.',
        tags: ['events'],
        security: SECURITY,
        querystring: ListQuery,
        response: {
          200: answer(Type.Array(ref(EventSummary)), {
            description: 'A page of summaries.',
            headers: PAGE_HEADERS,
          }),
          ...errorAnswers('invalid_cursor', ...COMMON_ERRORS),
        },
      },
    },
    async (request, reply) => {
      const { items, cursor } = await events.list(request.callScope, request.query)
      linkNextPage(reply, '/events', request.query, cursor)
      return items
    },
  )
  done()
}
