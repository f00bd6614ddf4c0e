import { diag, DiagLogLevel, trace } from '@opentelemetry/api'
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace'
import { setTimeout as wait } from 'node:timers/promises'
import { ecsAttributes } from './ecs-resource.ts'
import { amznPropagator } from './propagator.ts'
import type { Tracing, TracingConfig } from './tracing.ts'

const EXPORT_TIMEOUT_MS = 3_000

/** What OpenTelemetry has to say: that spans could not be sent. Its lower levels are for its own developers. */
function reportTo(onFailure: (error: unknown) => void): void {
  const report = (...messages: unknown[]) => {
    onFailure(
      messages.find((message) => message instanceof Error) ?? new Error(messages.map(String).join(' ')),
    )
  }
  const ignore = () => undefined
  diag.setLogger(
    { error: report, warn: report, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
}

function createSdk({ endpoint, ratio, serviceName, ecsMetadataUri }: TracingConfig): NodeSDK {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: EXPORT_TIMEOUT_MS,
  })
  return new NodeSDK({
    resource: resourceFromAttributes({
      'service.name': serviceName,
      ...(ecsMetadataUri === undefined ? {} : ecsAttributes(ecsMetadataUri)),
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    // Of two headers the later one here counts: the load balancer adds its own to whatever the client sent.
    textMapPropagator: new CompositePropagator({
      propagators: [amznPropagator, new W3CTraceContextPropagator()],
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: EXPORT_TIMEOUT_MS })],
    autoDetectResources: false,
    // Left out, exporters for metrics and logs would be made as well, and shutdown would wait for them.
    metricReaders: [],
    logRecordProcessors: [],
  })
}

export function startSdk(config: TracingConfig, onFailure: (error: unknown) => void): Tracing {
  reportTo(onFailure)
  const sdk = createSdk(config)
  sdk.start()
  return {
    tracer: trace.getTracer(config.serviceName),
    async stop(timeoutMs) {
      // It rejects, or takes ten seconds, when nobody listens.
      await Promise.race([sdk.shutdown().catch(onFailure), wait(timeoutMs)])
    },
  }
}
