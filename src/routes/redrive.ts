import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { Events } from '../domain/events.ts'
import { Event, EventPath } from '../schemas/event.ts'
import { NoQuery } from '../schemas/paging.ts'
import { EmptyBody, RedriveBody, Redriven } from '../schemas/redrive.ts'
import { auditRedrive } from './audit.ts'
import { answer, BODY_ERRORS, COMMON_ERRORS, errorAnswers, ref, SECURITY } from './responses.ts'

/** Giving dead letters another chance. */
export const redriveRoutes: FastifyPluginCallbackTypebox<{ events: Events }> = (app, { events }, done) => {
  app.post(
    '/events/:event_id/redrive',
    {
      config: { scope: 'admin', load: 'create' },
      schema: {
        operationId: 'redriveEvent',
        summary: 'Give a dead letter another chance',
        description: 'The failed event is pending again, with no attempts, available now. Scope: `admin`.',
        tags: ['queue'],
        security: SECURITY,
        params: EventPath,
        querystring: NoQuery,
        body: ref(EmptyBody),
        response: {
          200: answer(ref(Event), { description: 'The event as it stands now.' }),
          ...errorAnswers('not_found', 'conflict', ...BODY_ERRORS, ...COMMON_ERRORS),
        },
      },
    },
    async (request) => events.redrive(request.callScope, request.params.event_id, auditRedrive(request)),
  )
  app.post(
    '/inbox/redrive',
    {
      config: { scope: 'admin', load: 'list' },
      schema: {
        operationId: 'redriveEvents',
        summary: 'Give dead letters another chance',
        description:
          'Redrives the failed events that match, a page at a time; follow `next_cursor`. With `dry_run` it only counts ' +
          'them. Scope: `admin`.',
        tags: ['queue'],
        security: SECURITY,
        querystring: NoQuery,
        body: ref(RedriveBody),
        response: {
          200: answer(ref(Redriven), { description: 'What was found and redriven, of this page.' }),
          ...errorAnswers('invalid_cursor', ...BODY_ERRORS, ...COMMON_ERRORS),
        },
      },
    },
    async (request) => events.redriveMany(request.callScope, request.body, auditRedrive(request)),
  )
  done()
}
