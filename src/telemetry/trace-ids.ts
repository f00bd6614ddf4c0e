import { isValidSpanId, isValidTraceId, TraceFlags, type SpanContext } from '@opentelemetry/api'
import type { IncomingHttpHeaders } from 'node:http'

/** The header of AWS's load balancers and clients. */
export const AMZN_TRACE_HEADER = 'x-amzn-trace-id'

/** @returns A W3C trace id as X-Ray writes it: `1-<8 digits>-<24 digits>`. */
export function toXRayId(traceId: string): string {
  return `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`
}

/** `Root=…;Parent=…;Sampled=1` as its members, in lower case. */
function membersOf(header: string): Map<string, string> {
  const pairs = header.split(';').map((pair) => pair.trim().split('='))
  return new Map(pairs.map(([name = '', value = '']) => [name.toLowerCase(), value]))
}

const ROOT = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/

/**
 * Reads `X-Amzn-Trace-Id`. A load balancer's header has a root and no parent: there is no span to go on from, so it is
 * no context (with one made up, a sampler that follows its parent would drop every trace).
 */
export function parseAmznTrace(header: string): SpanContext | undefined {
  const members = membersOf(header)
  const [, epoch = '', unique = ''] = ROOT.exec(members.get('root') ?? '') ?? []
  const spanId = members.get('parent') ?? ''
  const traceId = epoch + unique
  if (!isValidTraceId(traceId) || !isValidSpanId(spanId)) return undefined
  const traceFlags = members.get('sampled') === '1' ? TraceFlags.SAMPLED : TraceFlags.NONE
  return { traceId, spanId, traceFlags, isRemote: true }
}

const AMZN_HEADER = /^[\w=;:.-]{1,300}$/

/** @returns The header as it can be logged; undefined when it is absent or holds what no trace id does. */
export function amznTraceOf(headers: IncomingHttpHeaders): string | undefined {
  const header = headers[AMZN_TRACE_HEADER]
  return typeof header === 'string' && AMZN_HEADER.test(header) ? header : undefined
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/

/** @returns The trace that the caller is in, for logs that lead there while this service makes no spans. */
export function callersTraceId(headers: IncomingHttpHeaders): string | undefined {
  const { traceparent } = headers
  const traceId = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined
  return traceId !== undefined && isValidTraceId(traceId) ? traceId : undefined
}
