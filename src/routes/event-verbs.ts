import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { Events } from '../domain/events.ts'
import { EventPath } from '../schemas/event.ts'
import { NoQuery } from '../schemas/paging.ts'
import { AcknowledgeBody, NackBody } from '../schemas/queue.ts'
import { auditAcknowledgement, auditNack } from './audit.ts'
import { BODY_ERRORS, COMMON_ERRORS, emptyAnswer, errorAnswers, ref, SECURITY } from './responses.ts'

/** What can be done with one event: acknowledge it, reject it. */
export const eventVerbRoutes: FastifyPluginCallbackTypebox<{ events: Events }> = (app, { events }, done) => {
  app.post(
    '/events/:event_id/acknowledge',
    {
      config: { scope: 'inbox:ack', load: 'acknowledge' },
      schema: {
        operationId: 'acknowledgeEvent',
        summary: 'Acknowledge an event',
        description:
          'Marks the event as delivered: it never comes to the inbox again. Repeating it changes nothing and is no ' +
          'error. With a `lease_id` it is refused when somebody else holds the event now. Scope: `inbox:ack`.',
        tags: ['inbox'],
        security: SECURITY,
        params: EventPath,
        querystring: NoQuery,
        body: ref(AcknowledgeBody),
        response: {
          204: emptyAnswer('The event is delivered.'),
          ...errorAnswers('not_found', 'lease_lost', ...BODY_ERRORS, ...COMMON_ERRORS),
        },
      },
    },
    async (request, reply) => {
      const { params, body, callScope } = request
      await events.acknowledge(callScope, params.event_id, body.lease_id, auditAcknowledgement(request))
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/events/:event_id/nack',
    {
      config: { scope: 'inbox:claim', load: 'acknowledge' },
      schema: {
        operationId: 'nackEvent',
        summary: 'Reject an event',
        description:
          'The event comes again after a delay, by default one that grows with each attempt; it fails when its attempts ' +
          'are used up or the rejection is `permanent`. Without a `lease_id` only while nobody holds it. ' +
          'Scope: `inbox:claim`.',
        tags: ['queue'],
        security: SECURITY,
        params: EventPath,
        querystring: NoQuery,
        body: ref(NackBody),
        response: {
          204: emptyAnswer('The event is rejected.'),
          ...errorAnswers('not_found', 'conflict', 'lease_lost', ...BODY_ERRORS, ...COMMON_ERRORS),
        },
      },
    },
    async (request, reply) => {
      const { params, body, callScope } = request
      auditNack(request, params.event_id, await events.nack(callScope, params.event_id, body))
      return reply.code(204).send(null)
    },
  )
  done()
}
