import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { LogController, type FastifyBaseLogger } from 'fastify'
import type { Authenticator } from './domain/authenticator.ts'
import type { Events } from './domain/events.ts'
import { UNOBSERVED, type Observability } from './observability.ts'
import { registerAllowedMethods } from './plugins/allowed-methods.ts'
import { registerAuth } from './plugins/auth.ts'
import { registerDeadline } from './plugins/deadline.ts'
import { registerDrain, type DrainState } from './plugins/drain.ts'
import { answerClientError, answerFrameworkError, registerErrorEnvelope } from './plugins/error-envelope.ts'
import { MAX_BODY_BYTES, registerJsonBody } from './plugins/json-body.ts'
import { registerMetrics } from './plugins/metrics.ts'
import { registerOpenApi } from './plugins/openapi.ts'
import { registerRequestId, requestIdFrom } from './plugins/request-id.ts'
import { registerRequestLog } from './plugins/request-log.ts'
import { buildSerializer } from './plugins/serializers.ts'
import { registerTracing } from './plugins/tracing.ts'
import { registerUnrouted, watchFrameworkError } from './plugins/unrouted.ts'
import { registerValidation } from './plugins/validation.ts'
import { batchRoutes } from './routes/batch.ts'
import { eventVerbRoutes } from './routes/event-verbs.ts'
import { eventRoutes } from './routes/events.ts'
import { healthRoutes } from './routes/health.ts'
import { inboxRoutes } from './routes/inbox.ts'
import { openApiRoute } from './routes/openapi-document.ts'
import { queueRoutes } from './routes/queue.ts'
import { redriveRoutes } from './routes/redrive.ts'
import { statsRoutes } from './routes/stats.ts'

/** What the app is made of. Nothing here reads the environment, opens a port or knows DynamoDB. */
export interface AppDependencies {
  events: Events
  authenticator: Authenticator
  logger: FastifyBaseLogger
  drain: DrainState
  /** How long the stores have for one request, in ms. */
  deadlineMs: number
  /** Who is told of what happens; nobody unless it is given. */
  observability?: Observability
}

/** Longer than the 60 s after which load balancers give up an idle connection: it must be theirs to close. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/** Clients that send slowly hold a socket no longer than this. */
const REQUEST_TIMEOUT_MS = 10_000
const HEADERS_TIMEOUT_MS = 5_000
/** An id of any length is the same 404; the size of the headers bounds it anyway. */
const MAX_PARAM_LENGTH = 16_384

function createServer(logger: FastifyBaseLogger, { recorder }: Observability) {
  return fastify({
    loggerInstance: logger,
    // One line of our own per request (plugins/request-log.ts) instead of two.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: ({ headers }) => requestIdFrom(headers),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      // Of a header that came twice no one is picked: a proxy before us may have looked at the other.
      joinDuplicateHeaders: true,
    },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // A draining process goes on serving; it only asks to be left (see plugins/drain.ts).
    return503OnClosing: false,
    schemaController: { compilersFactory: { buildSerializer } },
    frameworkErrors: (error, request, reply) => {
      watchFrameworkError(recorder, request, reply)
      answerFrameworkError(error, request, reply)
    },
    clientErrorHandler: answerClientError,
  }).withTypeProvider<TypeBoxTypeProvider>()
}

/** Builds the app: every plugin and route, in the order that carries meaning. */
export async function buildApp(dependencies: AppDependencies) {
  const { events, authenticator, logger, drain, deadlineMs, observability = UNOBSERVED } = dependencies
  const app = createServer(logger, observability)

  // Answers first, so that whatever fails below is answered properly.
  registerErrorEnvelope(app)
  registerRequestId(app)
  registerTracing(app, observability)
  registerMetrics(app, observability)
  registerRequestLog(app)
  registerUnrouted(app, observability)
  registerDrain(app, drain)
  registerAllowedMethods(app)
  registerJsonBody(app)
  registerValidation(app)
  await registerOpenApi(app)

  // Public.
  app.register(healthRoutes, { isReady: () => !drain.isDraining })
  app.register(openApiRoute)

  // With a key: whatever is registered in here is protected.
  app.register(async (authenticated) => {
    await registerAuth(authenticated, { authenticator })
    registerDeadline(authenticated, { deadlineMs })
    authenticated.register(eventRoutes, { events })
    authenticated.register(batchRoutes, { events })
    authenticated.register(inboxRoutes, { events })
    authenticated.register(queueRoutes, { events })
    authenticated.register(eventVerbRoutes, { events })
    authenticated.register(redriveRoutes, { events })
    authenticated.register(statsRoutes, observability)
  })

  await app.ready()
  return app
}
