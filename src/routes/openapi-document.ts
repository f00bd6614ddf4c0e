import type { FastifyPluginCallback } from 'fastify'
import { Type } from 'typebox'
import { answer, errorAnswers, PUBLIC_ERRORS } from './responses.ts'

/** The contract for programs: `GET /openapi.json`. */
export const openApiRoute: FastifyPluginCallback = (app, _options, done) => {
  app.get(
    '/openapi.json',
    {
      config: { isQuiet: true },
      schema: {
        operationId: 'getOpenApi',
        summary: 'The OpenAPI document',
        description:
          'This document: OpenAPI 3.1, generated from the schemas that requests are validated with.',
        tags: ['service'],
        security: [],
        response: {
          200: answer(Type.Unsafe({ type: 'object', additionalProperties: true }), {
            description: 'The document.',
          }),
          ...errorAnswers(...PUBLIC_ERRORS),
        },
      },
    },
    async () => app.swagger(),
  )
  done()
}
