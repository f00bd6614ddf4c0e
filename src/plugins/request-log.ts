import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../domain/access.ts'
import { amznTraceOf, callersTraceId, toXRayId } from '../telemetry/trace-ids.ts'
import { eventIdOf } from './subject.ts'

/**
 * What is logged of a request. Of what it carried, nothing: no header, no query, no body. Members that are undefined are
 * left out.
 */
function toLine(request: FastifyRequest, reply: FastifyReply) {
  const { method, headers, span, failure } = request
  const { principal } = request as { principal?: Principal }
  const { statusCode: status, raw } = reply
  const traceId = span?.spanContext().traceId ?? callersTraceId(headers)
  return {
    method,
    route: request.route.pattern,
    status,
    duration_ms: Math.round(reply.elapsedTime * 1000) / 1000,
    request_bytes: Number(headers['content-length'] ?? 0),
    bytes: Number(reply.getHeader('content-length') ?? 0),
    tenant: principal?.tenant.name,
    key_id: principal?.key_id,
    event_id: eventIdOf(request, reply),
    trace_id: traceId,
    xray_trace_id: traceId && toXRayId(traceId),
    amzn_trace_id: amznTraceOf(headers),
    // The client left before the answer was there.
    aborted: raw.writableEnded ? undefined : true,
    error: failure?.code,
    err: status >= 500 ? failure : undefined,
  }
}

/** One line per request, at its end. Health checks would drown the rest, so they are left to `debug`. */
export function registerRequestLog(app: FastifyInstance): void {
  app.decorateRequest('failure')
  app.addHook('onResponse', (request, reply, done) => {
    const { log, route, failure } = request
    // Without a cause nothing went wrong: the process says no on purpose, as `/ready` does while it drains.
    const isOurFault = reply.statusCode >= 500 && (!failure || failure.cause !== undefined)
    if (route.config.isQuiet) log.debug(toLine(request, reply), 'request')
    else if (isOurFault) log.error(toLine(request, reply), 'request failed')
    else log.info(toLine(request, reply), 'request')
    done()
  })
}
