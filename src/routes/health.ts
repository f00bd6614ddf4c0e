import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { AppError } from '../errors.ts'
import { Health } from '../schemas/health.ts'
import { answer, errorAnswers, PUBLIC_ERRORS, ref } from './responses.ts'

export interface HealthOptions {
  /** Whether the process takes new work: neither starting nor draining. */
  isReady: () => boolean
}

/** For load balancers and orchestrators. Neither asks DynamoDB: its trouble must not take every task out at once. */
export const healthRoutes: FastifyPluginCallbackTypebox<HealthOptions> = (app, { isReady }, done) => {
  app.get(
    '/health',
    {
      config: { isQuiet: true },
      schema: {
        operationId: 'getHealth',
        summary: 'Is the process alive?',
        description: 'Answers as long as the process does.',
        tags: ['service'],
        security: [],
        response: { 200: answer(ref(Health), { description: 'It is.' }), ...errorAnswers(...PUBLIC_ERRORS) },
      },
    },
    async () => ({ status: 'ok' as const }),
  )

  app.get(
    '/ready',
    {
      config: { isQuiet: true },
      schema: {
        operationId: 'getReadiness',
        summary: 'Does the process take new work?',
        description: 'Answers 503 while the process starts and while it drains.',
        tags: ['service'],
        security: [],
        response: {
          200: answer(ref(Health), { description: 'It does.' }),
          ...errorAnswers('unavailable', ...PUBLIC_ERRORS),
        },
      },
    },
    async () => {
      if (!isReady()) {
        throw new AppError('unavailable', 'The process takes no new work.', {
          headers: { 'retry-after': '1' },
        })
      }
      return { status: 'ready' as const }
    },
  )
  done()
}
