import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Authenticator } from './domain/authenticator.ts'
import type { Events } from './domain/events.ts'
import { UNLIMITED, type Limits } from './limits.ts'
import { UNOBSERVED, type Observability } from './observability.ts'
import { registerAllowedMethods } from './plugins/allowed-methods.ts'
import { registerAuth } from './plugins/auth.ts'
import { registerBodyBudget } from './plugins/body-budget.ts'
import { registerDeadline } from './plugins/deadline.ts'
import { registerDrain, type DrainState } from './plugins/drain.ts'
import { answerClientError, answerFrameworkError, registerErrorEnvelope } from './plugins/error-envelope.ts'
import { watchEventLoop } from './plugins/event-loop.ts'
import { registerInFlight, registerOverload } from './plugins/in-flight.ts'
import { MAX_BODY_BYTES, registerJsonBody } from './plugins/json-body.ts'
import { registerMetrics } from './plugins/metrics.ts'
import { registerOpenApi } from './plugins/openapi.ts'
import { registerRateLimit } from './plugins/rate-limit.ts'
import { registerRefusals } from './plugins/refusals.ts'
import { registerRequestId, requestIdFrom } from './plugins/request-id.ts'
import { registerRequestLog } from './plugins/request-log.ts'
import { registerRoute } from './plugins/route.ts'
import { registerSecurityHeaders } from './plugins/security-headers.ts'
import { buildSerializer } from './plugins/serializers.ts'
import { Slots } from './plugins/slots.ts'
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
  /** How much is let in; everything unless it is given. */
  limits?: Limits
  /** Who is told of what happens; nobody unless it is given. */
  observability?: Observability
}

/** Longer than the 60 s after which load balancers give up an idle connection: it must be theirs to close. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/** Clients that send slowly are looked for every second, and hold a socket for less than 10 s. */
const REQUEST_TIMEOUT_MS = 8_000
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

/** Routes that take a key: whatever is registered in here is protected, and what is refused first costs least. */
async function registerProtected(app: FastifyInstance, dependencies: AppDependencies): Promise<void> {
  const { events, authenticator, deadlineMs, limits = UNLIMITED, observability = UNOBSERVED } = dependencies
  const { recorder } = observability
  const now = () => performance.now()
  const slots = new Slots()
  const eventLoop = watchEventLoop(app, now)
  registerOverload(app, { ...limits, slots, eventLoop, recorder })
  await registerAuth(app, { authenticator })
  registerRateLimit(app, { perSecond: limits.requestsPerSecond, recorder, now })
  registerInFlight(app, { ...limits, slots, recorder })
  registerBodyBudget(app, { recorder })
  registerRefusals(app, { eventLoop, now })
  registerDeadline(app, { deadlineMs })
  app.register(eventRoutes, { events })
  app.register(batchRoutes, { events })
  app.register(inboxRoutes, { events })
  app.register(queueRoutes, { events })
  app.register(eventVerbRoutes, { events })
  app.register(redriveRoutes, { events })
  app.register(statsRoutes, observability)
}

/** Builds the app: every plugin and route, in the order that carries meaning. */
export async function buildApp(dependencies: AppDependencies) {
  const { logger, drain, observability = UNOBSERVED } = dependencies
  const app = createServer(logger, observability)

  registerRoute(app)
  // Answers first, so that whatever fails below is answered properly.
  registerErrorEnvelope(app)
  registerRequestId(app)
  registerSecurityHeaders(app)
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

  // With a key.
  app.register((authenticated) => registerProtected(authenticated, dependencies))

  await app.ready()
  return app
}
