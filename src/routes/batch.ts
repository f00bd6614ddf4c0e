import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { Events } from '../domain/events.ts'
import { Batch, BatchResults } from '../schemas/batch.ts'
import { NoQuery } from '../schemas/paging.ts'
import { answer, BODY_ERRORS, COMMON_ERRORS, errorAnswers, ref, SECURITY } from './responses.ts'

/** Most bytes of the body of a batch. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024

/** Accepting many events at once. */
export const batchRoutes: FastifyPluginCallbackTypebox<{ events: Events }> = (app, { events }, done) => {
  app.post(
    '/events/batch',
    {
      bodyLimit: MAX_BATCH_BYTES,
      config: { scope: 'events:write', load: 'create', batch: 'events' },
      schema: {
        operationId: 'createEvents',
        summary: 'Accept up to 100 events',
        description:
          'Stores each event by itself: one bad event does not spoil the others. Each may have an `idempotency_key` of ' +
          'its own, which means what the header `Idempotency-Key` of `POST /events` does. At most 4 MiB. ' +
          'Scope: `events:write`.',
        tags: ['events'],
        security: SECURITY,
        querystring: NoQuery,
        body: ref(Batch),
        response: {
          200: answer(ref(BatchResults), { description: 'What became of each event, in their order.' }),
          ...errorAnswers(...BODY_ERRORS, ...COMMON_ERRORS),
        },
      },
    },
    async ({ callScope, batch }) => ({ results: await events.createBatch(callScope, batch) }),
  )
  done()
}
