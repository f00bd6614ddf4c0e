import { context, ROOT_CONTEXT, trace, type Tracer } from '@opentelemetry/api'
import type { FastifyBaseLogger } from 'fastify'
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { ObservabilityConfig } from './config.ts'
import type { Clock } from './domain/clock.ts'
import { sampleInbox } from './dynamodb/inbox-sample.ts'
import { createTaskLease } from './dynamodb/task-lease.ts'
import { createCloudWatchClient, createCloudWatchSink } from './metrics/cloudwatch-sink.ts'
import { createEmfSink } from './metrics/emf-sink.ts'
import { createFlusher } from './metrics/flush.ts'
import { createHistory } from './metrics/history.ts'
import { leaseDurationMs, startInboxGauge, type InboxGauge } from './metrics/inbox-gauge.ts'
import { createRecorder, type Recorder } from './metrics/recorder.ts'
import { noSink, type Sink } from './metrics/sink.ts'
import { toStats } from './metrics/stats.ts'
import { warnSeldom } from './metrics/warn-seldom.ts'
import type { Stats } from './schemas/stats.ts'
import type { Storage } from './storage.ts'
import { describeDynamoDB } from './telemetry/describe-dynamodb.ts'
import { createCallObserver, type CallObserver } from './telemetry/observe-calls.ts'
import { observeClient } from './telemetry/observe-client.ts'
import { startTracing } from './telemetry/tracing.ts'

/** What the app tells of its requests, and where it can be looked at. */
export interface Observability {
  recorder: Recorder
  /** Undefined where nothing is traced. */
  tracer: Tracer | undefined
  stats: () => Stats
}

const ignore = () => undefined

/** For apps that nobody watches: tests, and the generation of the OpenAPI document. */
export const UNOBSERVED: Observability = {
  recorder: { count: ignore, observe: ignore, gauge: ignore },
  tracer: undefined,
  stats: () => toStats(createHistory(Date.now).read(createRecorder(Date.now).peek())),
}

export interface RunningObservability extends Observability {
  /** Is told of the calls to the table. */
  calls: CallObserver
  /** Measures what waits in the inbox. */
  watch(storage: Storage): void
  /** Sends what is left, within three seconds. */
  stop(): Promise<void>
}

export interface ObservabilityOptions {
  config: ObservabilityConfig
  recorder: ReturnType<typeof createRecorder>
  logger: FastifyBaseLogger
  clock: Clock
  /** Writes a line to where the logs go. */
  writeLine: (line: string) => void
}

const GAUGE_STOP_MS = 2_000
const METRICS_STOP_MS = 2_000
const TRACING_STOP_MS = 3_000
const LEASE_TIMEOUT_MS = 2_000

function createSink({ config, writeLine }: ObservabilityOptions, tracer: Tracer | undefined): Sink {
  const { sink, namespace, intervalMs, region, endpoint } = config.metrics
  const isHighResolution = intervalMs < 60_000
  if (sink === 'none') return noSink
  if (sink === 'emf') return createEmfSink({ namespace, isHighResolution, writeLine })
  const client = createCloudWatchClient({ region, endpoint })
  observeClient(client, { service: 'CloudWatch', tracer })
  return createCloudWatchSink({ client, namespace, isHighResolution })
}

/** Runs work of the process itself in a span of its own, below which its calls are found. */
function inSpan<Result>(
  tracer: Tracer | undefined,
  name: string,
  work: () => Promise<Result>,
): Promise<Result> {
  if (!tracer) return work()
  const span = tracer.startSpan(name, {}, ROOT_CONTEXT)
  return context.with(trace.setSpan(ROOT_CONTEXT, span), work).finally(() => {
    span.end()
  })
}

function startGauge(options: ObservabilityOptions, tracer: Tracer | undefined, storage: Storage): InboxGauge {
  const { config, recorder, logger, clock } = options
  const { intervalMs } = config.metrics
  const { dynamodb, table, access } = storage
  return startInboxGauge({
    lease: createTaskLease({
      dynamodb,
      table,
      clock,
      name: 'inbox-gauge',
      holder: randomUUID(),
      durationMs: leaseDurationMs(intervalMs),
      timeoutMs: LEASE_TIMEOUT_MS,
    }),
    measure: (signal) =>
      inSpan(tracer, 'measure inbox', () => sampleInbox({ dynamodb, table, access, clock }, signal)),
    recorder,
    intervalMs,
    clock,
    onFailure: warnSeldom((err) => {
      logger.warn({ err }, 'the inbox was not measured')
    }, clock),
  })
}

function startMetrics(options: ObservabilityOptions, tracer: Tracer | undefined) {
  const { config, recorder, logger, clock } = options
  const history = createHistory(clock)
  const sink = createSink(options, tracer)
  const flusher = createFlusher({
    recorder,
    sink: {
      ...sink,
      send: (batch, signal) => inSpan(tracer, 'send metrics', () => sink.send(batch, signal)),
    },
    intervalMs: config.metrics.intervalMs,
    random: Math.random,
    onWindow: (window) => {
      history.add(window)
    },
    onFailure: warnSeldom((err) => {
      logger.warn({ err }, 'metrics were not sent')
    }, clock),
  })
  return { flusher, stats: () => toStats(history.read(recorder.peek())) }
}

/** Starts whatever is configured. Nothing of it is waited for: a process that cannot be watched serves as ever. */
export async function startObservability(options: ObservabilityOptions): Promise<RunningObservability> {
  const { config, recorder, logger, clock } = options
  const onFailure = warnSeldom((err) => {
    logger.warn({ err }, 'spans were not sent')
  }, clock)
  const tracing = config.tracing && (await startTracing(config.tracing, onFailure))
  const tracer = tracing?.tracer
  const { flusher, stats } = startMetrics(options, tracer)
  let gauge: InboxGauge | undefined
  return {
    recorder,
    tracer,
    stats,
    calls: createCallObserver({
      service: 'DynamoDB',
      tracer,
      describe: describeDynamoDB,
      onCall: (operation, durationMs) => {
        recorder.observe('DynamoDBLatency', durationMs, operation)
      },
      onThrottle: () => {
        recorder.count('DynamoDBThrottles')
      },
    }),
    watch(storage) {
      gauge = startGauge(options, tracer, storage)
    },
    async stop() {
      await Promise.all([
        gauge && Promise.race([gauge.stop(), wait(GAUGE_STOP_MS)]),
        flusher.stop(METRICS_STOP_MS),
        tracing?.stop(TRACING_STOP_MS),
      ])
    },
  }
}
