import { trace, type Context, type TextMapGetter, type TextMapPropagator } from '@opentelemetry/api'
import { AMZN_TRACE_HEADER, parseAmznTrace } from './trace-ids.ts'

/** Goes on with the trace of an `X-Amzn-Trace-Id`. Nothing is sent on in that form: DynamoDB makes no use of it. */
export const amznPropagator: TextMapPropagator = {
  inject: () => undefined,
  extract(context: Context, carrier: unknown, getter: TextMapGetter) {
    const header = getter.get(carrier, AMZN_TRACE_HEADER)
    const parent = typeof header === 'string' ? parseAmznTrace(header) : undefined
    return parent ? trace.setSpanContext(context, parent) : context
  },
  fields: () => [AMZN_TRACE_HEADER],
}
