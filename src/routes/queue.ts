import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { Events } from '../domain/events.ts'
import { NoQuery } from '../schemas/paging.ts'
import { Claimed, ClaimBody, EventResults, ExtendBody, Extended, ReleaseBody } from '../schemas/queue.ts'
import { auditRelease } from './audit.ts'
import { clientGone } from './client-gone.ts'
import { answer, BODY_ERRORS, COMMON_ERRORS, errorAnswers, ref, SECURITY } from './responses.ts'

/** Sharing the inbox among consumers: claim, extend, release. */
export const queueRoutes: FastifyPluginCallbackTypebox<{ events: Events }> = (app, { events }, done) => {
  app.post(
    '/inbox/claim',
    {
      config: { scope: 'inbox:claim', load: 'claim' },
      schema: {
        operationId: 'claimEvents',
        summary: 'Claim events',
        description:
          'Hands out available events, oldest first, under one lease: until it ends nobody else gets them. Events that ' +
          'are not acknowledged by then come again by themselves. With `wait_seconds` it waits for an event when there ' +
          'is none. Scope: `inbox:claim`.',
        tags: ['queue'],
        security: SECURITY,
        querystring: NoQuery,
        body: ref(ClaimBody),
        response: {
          200: answer(ref(Claimed), {
            description: 'What the caller holds now; nothing when there is nothing.',
          }),
          ...errorAnswers(...BODY_ERRORS, ...COMMON_ERRORS),
        },
      },
    },
    async (request, reply) => {
      request.isLongPoll = request.body.wait_seconds > 0
      return events.claim(request.callScope, request.body, clientGone(reply), () => request.slot?.release())
    },
  )

  app.post(
    '/inbox/extend',
    {
      config: { scope: 'inbox:claim', load: 'acknowledge' },
      schema: {
        operationId: 'extendLease',
        summary: 'Hold events longer',
        description: 'Moves the end of the lease on each event, counted from now. Scope: `inbox:claim`.',
        tags: ['queue'],
        security: SECURITY,
        querystring: NoQuery,
        body: ref(ExtendBody),
        response: {
          200: answer(ref(Extended), { description: 'What became of each event.' }),
          ...errorAnswers(...BODY_ERRORS, ...COMMON_ERRORS),
        },
      },
    },
    async ({ callScope, body }) => events.extend(callScope, body),
  )

  app.post(
    '/inbox/release',
    {
      config: { scope: 'inbox:claim', load: 'acknowledge' },
      schema: {
        operationId: 'releaseEvents',
        summary: 'Give events back',
        description: 'Makes the events available now; the attempt counts all the same. Scope: `inbox:claim`.',
        tags: ['queue'],
        security: SECURITY,
        querystring: NoQuery,
        body: ref(ReleaseBody),
        response: {
          200: answer(ref(EventResults), { description: 'What became of each event.' }),
          ...errorAnswers(...BODY_ERRORS, ...COMMON_ERRORS),
        },
      },
    },
    async (request) => events.release(request.callScope, request.body, auditRelease(request)),
  )
  done()
}
