import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
  type Tracer,
} from '@opentelemetry/api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../domain/access.ts'
import type { AppError } from '../errors.ts'
import { toLoggedError } from '../logging/error-chain.ts'
import { amznTraceOf } from '../telemetry/trace-ids.ts'
import { UNMATCHED } from './route.ts'
import { eventIdOf } from './subject.ts'

export interface TracingOptions {
  /** Undefined where nothing is traced. */
  tracer: Tracer | undefined
}

/** The path without what is not known to be harmless: a client may put anything where an id belongs. */
function pathOf(request: FastifyRequest, reply: FastifyReply): string {
  const { pattern } = request.route
  const eventId = eventIdOf(request, reply)
  return eventId === undefined ? pattern : pattern.replace(':event_id', eventId)
}

/** What is known of a request at its end, by the names of the semantic conventions for HTTP. */
function describeRequest(span: Span, request: FastifyRequest, reply: FastifyReply): void {
  const { principal } = request as { principal?: Principal }
  const { method, protocol, hostname, ip, headers, raw } = request
  const bytes = Number(reply.getHeader('content-length') ?? 0)
  const attributes = {
    'http.request.method': method,
    'http.response.status_code': reply.statusCode,
    'http.response.body.size': bytes,
    'url.scheme': protocol,
    'url.path': pathOf(request, reply),
    'server.address': hostname,
    'client.address': ip,
    'network.protocol.version': raw.httpVersion,
    'user_agent.original': headers['user-agent'],
    'triggers.request_id': request.id,
    'triggers.amzn_trace_id': amznTraceOf(headers),
    'triggers.key_id': principal?.key_id,
    'triggers.event_id': eventIdOf(request, reply),
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) span.setAttribute(name, value)
  }
  const { pattern } = request.route
  if (pattern !== UNMATCHED) span.setAttribute('http.route', pattern)
}

/** Every error of the chain. Only what the service itself did wrong fails the span: a 4xx is the client's. */
function addFailure(span: Span, failure: AppError, status: number): void {
  span.setAttribute('error.type', failure.code)
  if (status < 500) return
  for (let error: unknown = failure; error instanceof Error; error = error.cause) {
    const { type, message, stack } = toLoggedError(error)
    span.recordException({ name: type, message, ...(stack === undefined ? {} : { stack }) })
  }
  span.setStatus({ code: SpanStatusCode.ERROR, message: failure.code })
}

function endSpan(span: Span, request: FastifyRequest, reply: FastifyReply): void {
  if (!span.isRecording()) return
  describeRequest(span, request, reply)
  if (request.failure) addFailure(span, request.failure, reply.statusCode)
  span.end()
}

/**
 * A span for each request, below that of the caller where it sent one. The hook that sets the context is a callback:
 * the context of an async hook would end with the hook. Fastify carries it over the arrival of a body.
 */
export function registerTracing(app: FastifyInstance, { tracer }: TracingOptions): void {
  app.decorateRequest('span')
  if (!tracer) return

  app.addHook('onRequest', (request, _reply, done) => {
    const { route, method } = request
    if (!route.isWatched) {
      done()
      return
    }
    const parent = propagation.extract(ROOT_CONTEXT, request.headers)
    const name = route.name === UNMATCHED ? method : route.name
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent)
    request.span = span
    if (span.isRecording()) context.with(trace.setSpan(parent, span), done)
    else done()
  })

  app.addHook('onResponse', (request, reply, done) => {
    if (request.span) endSpan(request.span, request, reply)
    done()
  })
}
