/**
 * OpenTelemetry as the quick starts of its packages have it, loaded with `--import` before everything else:
 * https://opentelemetry.io/docs/languages/js/getting-started/nodejs/ and https://github.com/fastify/otel
 */
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { AwsInstrumentation } from '@opentelemetry/instrumentation-aws-sdk'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace'
import { register } from 'node:module'

// eslint-disable-next-line @typescript-eslint/no-deprecated -- what the documentation of OpenTelemetry says
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url)

const RATIO = Number(process.env['OTEL_TRACES_SAMPLER_ARG'] ?? '0.05')

new NodeSDK({
  serviceName: 'plain',
  sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(RATIO) }),
  traceExporter: new OTLPTraceExporter(),
  // Left out, exporters for metrics and logs would be started as well: traces alone are compared.
  metricReaders: [],
  logRecordProcessors: [],
  instrumentations: [
    new HttpInstrumentation(),
    new AwsInstrumentation(),
    new FastifyOtelInstrumentation({ registerOnInitialization: true }),
  ],
}).start()
