import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { NoQuery } from '../schemas/paging.ts'
import { Stats } from '../schemas/stats.ts'
import { answer, COMMON_ERRORS, errorAnswers, ref } from './responses.ts'

export interface StatsOptions {
  stats: () => Stats
}

/** Looking at the service without CloudWatch. */
export const statsRoutes: FastifyPluginCallbackTypebox<StatsOptions> = (app, { stats }, done) => {
  app.get(
    '/stats',
    {
      config: { scope: 'admin', load: 'get' },
      schema: {
        operationId: 'getStats',
        summary: 'The last hour of this task',
        description:
          'What the task that answers has done in the last hour: for development, and for a look at one of many. It is ' +
          'about all tenants. Scope: `admin`.',
        tags: ['service'],
        security: [{ key: [] }],
        querystring: NoQuery,
        response: {
          200: answer(ref(Stats), { description: 'The figures.' }),
          ...errorAnswers(...COMMON_ERRORS),
        },
      },
    },
    async () => stats(),
  )
  done()
}
