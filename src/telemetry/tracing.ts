import type { Tracer } from '@opentelemetry/api'

/** Where spans go and how many of them. */
export interface TracingConfig {
  /** Of an OTLP/HTTP receiver, such as `http://127.0.0.1:4318`. */
  endpoint: string
  /** The part (0 to 1) of traces that are kept, of those that begin here. */
  ratio: number
  serviceName: string
  /** ECS tells about the task there. */
  ecsMetadataUri: string | undefined
}

export interface Tracing {
  tracer: Tracer
  /** Sends what is left; never throws, and ends in time whether or not anybody listens. */
  stop(timeoutMs: number): Promise<void>
}

/**
 * Starts OpenTelemetry. It is imported only here: its import alone takes longer than all the rest of the start, and
 * who wants no traces should not wait for it.
 */
export async function startTracing(
  config: TracingConfig,
  onFailure: (error: unknown) => void,
): Promise<Tracing> {
  const { startSdk } = await import('./sdk.ts')
  return startSdk(config, onFailure)
}
