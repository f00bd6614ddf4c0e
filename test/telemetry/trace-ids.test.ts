import { defaultTextMapGetter, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import t from 'tap'
import { amznPropagator } from '../../src/telemetry/propagator.ts'
import { amznTraceOf, callersTraceId, parseAmznTrace, toXRayId } from '../../src/telemetry/trace-ids.ts'

const ROOT = 'Root=1-5759e988-bd862e3fe1be46a994272793'
const context = { traceId: '5759e988bd862e3fe1be46a994272793', spanId: '53995c3f42cd8ad8', isRemote: true }

t.test('a header with a parent is a context', async (t) => {
  t.strictSame(parseAmznTrace(`${ROOT};Parent=53995c3f42cd8ad8;Sampled=1`), { ...context, traceFlags: 1 })
  t.strictSame(parseAmznTrace(`Self=1-x; ${ROOT}; Parent=53995c3f42cd8ad8; Sampled=0; Lineage=a:0`), {
    ...context,
    traceFlags: 0,
  })
  t.strictSame(parseAmznTrace(`${ROOT};Parent=53995c3f42cd8ad8`), { ...context, traceFlags: 0 })
})

t.test('a root alone, and whatever is no header, is none', async (t) => {
  const none = [
    ROOT,
    '',
    ';;',
    '=',
    'Parent=53995c3f42cd8ad8',
    `${ROOT};Parent=0000000000000000`,
    `${ROOT};Parent=x`,
  ]
  for (const header of none) t.equal(parseAmznTrace(header), undefined, header)
})

t.test('ids are told in both forms', async (t) => {
  t.equal(toXRayId(context.traceId), '1-5759e988-bd862e3fe1be46a994272793')
  t.equal(callersTraceId({ traceparent: `00-${context.traceId}-${context.spanId}-01` }), context.traceId)
  t.equal(callersTraceId({ traceparent: `00-${'0'.repeat(32)}-${context.spanId}-01` }), undefined)
  t.equal(callersTraceId({}), undefined)
  t.equal(amznTraceOf({ 'x-amzn-trace-id': ROOT }), ROOT)
  for (const header of ['a b', 'x'.repeat(301), '"}'])
    t.equal(amznTraceOf({ 'x-amzn-trace-id': header }), undefined)
})

t.test('the propagator reads, and writes nothing', async (t) => {
  const extract = (header: string) =>
    trace.getSpanContext(
      amznPropagator.extract(ROOT_CONTEXT, { 'x-amzn-trace-id': header }, defaultTextMapGetter),
    )
  t.match(extract(`${ROOT};Parent=53995c3f42cd8ad8;Sampled=1`), context)
  t.equal(extract(ROOT), undefined)
  const carrier = {}
  amznPropagator.inject(ROOT_CONTEXT, carrier, { set: () => t.fail('nothing is written') })
  t.strictSame(amznPropagator.fields(), ['x-amzn-trace-id'])
})
