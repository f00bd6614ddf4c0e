import { Type, type Static } from 'typebox'
import type { Limits } from './limits.ts'
import { createValidator } from './schemas/validator.ts'
import type { TracingConfig } from './telemetry/tracing.ts'

/**
 * The environment: every variable that the service reads, with its default. The README's table and `.env.example` tell
 * the same; a test compares them.
 */
export const Environment = Type.Object({
  NODE_ENV: Type.String({ default: 'development' }),
  HOST: Type.String({ default: '127.0.0.1' }),
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3000 }),
  LOG_LEVEL: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], { default: 'info' }),
  DYNAMODB_TABLE: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{3,255}$' })),
  DYNAMODB_ENDPOINT: Type.Optional(Type.String({ pattern: '^https?://[^/]+/?$' })),
  AWS_REGION: Type.Optional(Type.String()),
  DATA_FOLDER: Type.String({ default: '.data' }),
  CURSOR_SECRET: Type.Optional(Type.String()),
  IDEMPOTENCY_WINDOW_SECONDS: Type.Integer({ minimum: 1, default: 86_400 }),
  RETENTION_DAYS: Type.Integer({ minimum: 1, default: 30 }),
  MAX_ATTEMPTS: Type.Integer({ minimum: 1, maximum: 1000, default: 16 }),
  NACK_DELAY_MIN_SECONDS: Type.Integer({ minimum: 0, maximum: 43_200, default: 1 }),
  NACK_DELAY_MAX_SECONDS: Type.Integer({ minimum: 0, maximum: 43_200, default: 3_600 }),
  REQUEST_DEADLINE_MS: Type.Integer({ minimum: 100, maximum: 60_000, default: 2_500 }),
  MAX_IN_FLIGHT: Type.Integer({ minimum: 1, maximum: 100_000, default: 128 }),
  MAX_IN_FLIGHT_PER_TENANT: Type.Integer({ minimum: 1, maximum: 100_000, default: 64 }),
  MAX_LOOP_DELAY_MS: Type.Integer({ minimum: 10, maximum: 60_000, default: 200 }),
  RATE_LIMIT_PER_SECOND: Type.Integer({ minimum: 0, maximum: 1_000_000, default: 10_000 }),
  KEY_LOOKUPS_PER_SECOND: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 200 }),
  SHUTDOWN_SETTLE_MS: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
  SHUTDOWN_TIMEOUT_MS: Type.Integer({ minimum: 0, maximum: 120_000, default: 20_000 }),
  METRICS_SINK: Type.Optional(Type.Enum(['cloudwatch', 'emf', 'none'])),
  METRICS_NAMESPACE: Type.String({ pattern: '^[A-Za-z0-9._/#:-]{1,255}$', default: 'TriggersAPI' }),
  METRICS_INTERVAL_SECONDS: Type.Integer({ minimum: 1, maximum: 300, default: 60 }),
  CLOUDWATCH_ENDPOINT: Type.Optional(Type.String({ pattern: '^https?://[^/]+/?$' })),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(Type.String({ pattern: '^https?://.+' })),
  OTEL_TRACES_SAMPLER_ARG: Type.Number({ minimum: 0, maximum: 1, default: 0.05 }),
  OTEL_SERVICE_NAME: Type.String({ default: 'triggers-api' }),
  ECS_CONTAINER_METADATA_URI_V4: Type.Optional(Type.String()),
})
type Environment = Static<typeof Environment>

/** Where events are kept: the embedded store of a first run, DynamoDB Local, or AWS. */
export type StorageConfig =
  | { kind: 'embedded'; folder: string; table: string }
  | { kind: 'dynamodb'; table: string; endpoint: string | undefined; region: string | undefined }

/** What is told to whom about the process. */
export interface ObservabilityConfig {
  metrics: {
    sink: 'cloudwatch' | 'emf' | 'none'
    namespace: string
    intervalMs: number
    endpoint: string | undefined
    region: string | undefined
  }
  /** Undefined: nothing is traced. */
  tracing: TracingConfig | undefined
}

export interface Config {
  isProduction: boolean
  host: string
  port: number
  logLevel: string
  storage: StorageConfig
  cursorSecrets: [string, ...string[]]
  idempotencyWindowSeconds: number
  retentionSeconds: number
  maxAttempts: number
  nackDelays: { minSeconds: number; maxSeconds: number }
  deadlineMs: number
  limits: Limits
  /** Look-ups a second of keys that the process has not found before. */
  keyLookupsPerSecond: number
  shutdown: { settleMs: number; timeoutMs: number }
  observability: ObservabilityConfig
}

/** Every fault of the configuration at once: one line each, fit for an operator. */
export class ConfigError extends Error {
  constructor(faults: string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    )
    this.name = 'ConfigError'
  }
}

const DEFAULT_TABLE = 'triggers'
const DAY_SECONDS = 86_400
const MIN_SECRET_LENGTH = 32
/** Signs cursors where nobody is to be kept out; in production a secret must be set. */
const DEVELOPMENT_SECRET = 'a secret for development alone, known to everyone'

const validate = createValidator(Environment, 'environment', true)

function splitSecrets(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '')
}

/** Rules that no single variable can break. */
function crossFaults(environment: Environment): string[] {
  const faults: string[] = []
  const isProduction = environment.NODE_ENV === 'production'
  const secrets = splitSecrets(environment.CURSOR_SECRET)
  if (isProduction && secrets.length === 0) faults.push('CURSOR_SECRET is required in production')
  if (secrets.length > 2) faults.push('CURSOR_SECRET takes at most two secrets: the new one and the old one')
  if (secrets.some((secret) => secret.length < MIN_SECRET_LENGTH)) {
    faults.push(`CURSOR_SECRET must have at least ${MIN_SECRET_LENGTH} characters`)
  }
  if (isProduction && isEmbedded(environment)) {
    faults.push('DYNAMODB_TABLE is required in production: the embedded store is for development alone')
  }
  if (environment.RETENTION_DAYS * DAY_SECONDS < environment.IDEMPOTENCY_WINDOW_SECONDS + DAY_SECONDS) {
    faults.push(
      'RETENTION_DAYS must be at least IDEMPOTENCY_WINDOW_SECONDS plus a day: else a late retry could bring an expired event back',
    )
  }
  if (environment.NACK_DELAY_MIN_SECONDS > environment.NACK_DELAY_MAX_SECONDS) {
    faults.push('NACK_DELAY_MIN_SECONDS must not be above NACK_DELAY_MAX_SECONDS')
  }
  return faults
}

function isEmbedded({ DYNAMODB_TABLE, DYNAMODB_ENDPOINT }: Environment): boolean {
  return DYNAMODB_TABLE === undefined && DYNAMODB_ENDPOINT === undefined
}

function storageOf(environment: Environment): StorageConfig {
  const { DYNAMODB_TABLE: table = DEFAULT_TABLE, DYNAMODB_ENDPOINT: endpoint, AWS_REGION } = environment
  if (isEmbedded(environment)) return { kind: 'embedded', folder: environment.DATA_FOLDER, table }
  // DynamoDB Local takes any region, AWS only the one that the environment or the profile names.
  return {
    kind: 'dynamodb',
    table,
    endpoint,
    region: AWS_REGION ?? (endpoint === undefined ? undefined : 'local'),
  }
}

function observabilityOf(environment: Environment): ObservabilityConfig {
  const { DYNAMODB_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = environment
  // Whose table is in AWS has a CloudWatch; beside an emulator there would be nothing but warnings.
  const isOnAws = environment.NODE_ENV === 'production' && DYNAMODB_ENDPOINT === undefined
  return {
    metrics: {
      sink: environment.METRICS_SINK ?? (isOnAws ? 'cloudwatch' : 'none'),
      namespace: environment.METRICS_NAMESPACE,
      intervalMs: environment.METRICS_INTERVAL_SECONDS * 1_000,
      endpoint: environment.CLOUDWATCH_ENDPOINT,
      region: environment.AWS_REGION,
    },
    tracing:
      endpoint === undefined
        ? undefined
        : {
            endpoint,
            ratio: environment.OTEL_TRACES_SAMPLER_ARG,
            serviceName: environment.OTEL_SERVICE_NAME,
            ecsMetadataUri: environment.ECS_CONTAINER_METADATA_URI_V4,
          },
  }
}

function limitsOf(environment: Environment): Limits {
  const { MAX_IN_FLIGHT, MAX_IN_FLIGHT_PER_TENANT, MAX_LOOP_DELAY_MS, RATE_LIMIT_PER_SECOND } = environment
  return {
    maxInFlight: MAX_IN_FLIGHT,
    maxInFlightPerTenant: MAX_IN_FLIGHT_PER_TENANT,
    maxLoopDelayMs: MAX_LOOP_DELAY_MS,
    requestsPerSecond: RATE_LIMIT_PER_SECOND === 0 ? Infinity : RATE_LIMIT_PER_SECOND,
  }
}

/**
 * Reads the configuration from the environment; an empty variable counts as one that is not set.
 * Throws `ConfigError` with every fault.
 */
export function readConfig(variables: Record<string, string | undefined>): Config {
  const environment = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const faults = validate(environment).map(({ field, message }) => `${field} ${message}`)
  const checked = environment as unknown as Environment
  faults.push(...crossFaults(checked))
  if (faults.length > 0) throw new ConfigError(faults)
  return toConfig(checked)
}

function toConfig(environment: Environment): Config {
  const isProduction = environment.NODE_ENV === 'production'
  const [secret = DEVELOPMENT_SECRET, ...older] = splitSecrets(environment.CURSOR_SECRET)
  return {
    isProduction,
    host: environment.HOST,
    port: environment.PORT,
    logLevel: environment.LOG_LEVEL,
    storage: storageOf(environment),
    cursorSecrets: [secret, ...older],
    idempotencyWindowSeconds: environment.IDEMPOTENCY_WINDOW_SECONDS,
    retentionSeconds: environment.RETENTION_DAYS * DAY_SECONDS,
    maxAttempts: environment.MAX_ATTEMPTS,
    nackDelays: {
      minSeconds: environment.NACK_DELAY_MIN_SECONDS,
      maxSeconds: environment.NACK_DELAY_MAX_SECONDS,
    },
    deadlineMs: environment.REQUEST_DEADLINE_MS,
    limits: limitsOf(environment),
    keyLookupsPerSecond: environment.KEY_LOOKUPS_PER_SECOND,
    shutdown: {
      settleMs: environment.SHUTDOWN_SETTLE_MS ?? (isProduction ? 5_000 : 500),
      timeoutMs: environment.SHUTDOWN_TIMEOUT_MS,
    },
    observability: observabilityOf(environment),
  }
}
