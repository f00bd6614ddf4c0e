import { Type, type TSchema } from 'typebox'
import { Environment } from '../../src/config.ts'

/** What the stack itself decides, or what has no meaning in it. */
const OF_THE_STACK = [
  'NODE_ENV',
  'HOST',
  'PORT',
  'DYNAMODB_TABLE',
  'DYNAMODB_ENDPOINT',
  'AWS_REGION',
  'DATA_FOLDER',
  'CURSOR_SECRET',
  // The container's stop timeout goes with their defaults.
  'SHUTDOWN_SETTLE_MS',
  'SHUTDOWN_TIMEOUT_MS',
  // The dashboard and the alarms read what the default sends.
  'METRICS_SINK',
  'METRICS_NAMESPACE',
  'METRICS_INTERVAL_SECONDS',
  'CLOUDWATCH_ENDPOINT',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'ECS_CONTAINER_METADATA_URI_V4',
] as const satisfies (keyof typeof Environment.properties)[]

const names = Object.keys(Environment.properties).filter(
  (name) => !(OF_THE_STACK as readonly string[]).includes(name),
)

/** The schema without its default: what is not given is not passed, and the service's own default stands. */
function withoutDefault(schema: TSchema): TSchema {
  const rest = Object.entries(schema).filter(([keyword]) => keyword !== 'default')
  return Type.Optional(Object.fromEntries(rest))
}

/** Every other variable of the service is a parameter of the stack by the same name, also those that are yet to come. */
export const SERVICE_VARIABLES: Record<string, TSchema> = Object.fromEntries(
  names.map((name) => [
    name,
    withoutDefault(Environment.properties[name as keyof typeof Environment.properties]),
  ]),
)
