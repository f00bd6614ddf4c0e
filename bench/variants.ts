import type { Fixture } from './fixture.ts'
import type { Command } from './server-process.ts'

/** What is compared in one run: see the help of `npm run bench`. */
export const VARIANTS = ['floor', 'plain', 'ours', 'ours, no tracing'] as const
/** The service watched more and more closely. */
export const WATCHED = ['ours, unwatched', 'ours, no tracing', 'ours', 'ours, tracing 100 %'] as const
/** The service of another checkout. */
const BEFORE = 'ours, before'
export type Variant = (typeof VARIANTS)[number] | (typeof WATCHED)[number] | typeof BEFORE
export const ALL_VARIANTS = [...new Set<Variant>([...VARIANTS, ...WATCHED, BEFORE])]

const AWS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' }

const tracing = (sink: string, ratio: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: sink,
  OTEL_TRACES_SAMPLER_ARG: ratio,
})

/** As `npm start` has it. */
export const SERVICE_ARGUMENTS = [
  '--max-semi-space-size=16',
  '--no-allocation-site-pretenuring',
  '--import',
  './src/compile-cache.js',
]

/** As the image has it. */
const SERVICE_ENVIRONMENT = { NODE_ENV: 'production', MALLOC_ARENA_MAX: '2' }

/** The service as production has it, with metrics and one log line per request. */
function service({ endpoint, table }: Fixture, sink: string, more: Record<string, string> = {}): Command {
  return {
    script: 'src/server.ts',
    nodeArguments: SERVICE_ARGUMENTS,
    environment: {
      ...AWS,
      ...SERVICE_ENVIRONMENT,
      PORT: '0',
      CURSOR_SECRET: 'the secret that signs the cursors of the bench',
      DYNAMODB_ENDPOINT: endpoint,
      DYNAMODB_TABLE: table,
      METRICS_SINK: 'cloudwatch',
      CLOUDWATCH_ENDPOINT: sink,
      // The same events are claimed many times.
      MAX_ATTEMPTS: '1000',
      RATE_LIMIT_PER_SECOND: '1000000',
      ...more,
    },
  }
}

/** How each variant is started. @param sink Where metrics and traces go. */
export function commandOf(variant: Variant, fixture: Fixture, sink: string): Command {
  const { endpoint, table, tenantsByKey } = fixture
  const peer = { ...AWS, NODE_ENV: 'production', DYNAMODB_ENDPOINT: endpoint, DYNAMODB_TABLE: table }
  switch (variant) {
    case 'floor':
      return {
        script: 'bench/peers/floor/server.ts',
        environment: { ...peer, TENANTS: JSON.stringify(tenantsByKey) },
      }
    case 'plain':
      return {
        script: 'bench/peers/plain/server.ts',
        nodeArguments: ['--import', './bench/peers/plain/instrumentation.ts'],
        environment: { ...peer, ...tracing(sink, '0.05') },
      }
    case 'ours':
    case BEFORE:
      return service(fixture, sink, tracing(sink, '0.05'))
    case 'ours, no tracing':
      return service(fixture, sink)
    case 'ours, tracing 100 %':
      return service(fixture, sink, tracing(sink, '1'))
    case 'ours, unwatched':
      return { ...service(fixture, sink, { METRICS_SINK: 'none', LOG_LEVEL: 'silent' }), isSilent: true }
  }
}
