import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Type, type Static } from 'typebox'
import { createValidator } from '../../src/schemas/validator.ts'
import { SERVICE_VARIABLES } from './service-variables.ts'

const arn = (service: string) => Type.String({ pattern: `^arn:[a-z-]+:${service}:` })
const DEFAULT_STACK_NAME = 'triggers-api'
const count = (value: number, maximum: number) => Type.Integer({ minimum: 1, maximum, default: value })

/** What operators choose. docs/operations.md has the same as a table; a test compares them. */
export const StackParameters = Type.Object({
  stackName: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9-]{0,63}$', default: DEFAULT_STACK_NAME }),
  // The image.
  repository: Type.String({ pattern: '^[a-z0-9][a-z0-9._/-]+$', default: 'triggers-api' }),
  imageTag: Type.String({ pattern: '^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9._-]{0,127})$' }),
  architecture: Type.Enum(['arm64', 'x86_64'], { default: 'arm64' }),
  // How large, and how many.
  cpu: Type.Enum([256, 512, 1024, 2048], { default: 1024 }),
  memoryMiB: Type.Integer({ minimum: 512, default: 2048 }),
  minTasks: Type.Integer({ minimum: 2, maximum: 500, default: 2 }),
  maxTasks: count(10, 500),
  requestsPerTaskPerMinute: count(9_000, 1_000_000),
  cpuTargetPercent: count(50, 90),
  // Where it is reached.
  domainName: Type.String({ pattern: '^[a-z0-9.-]+$' }),
  certificateArn: arn('acm'),
  hostedZoneId: Type.Optional(Type.String({ pattern: '^Z[A-Z0-9]+$' })),
  internetFacing: Type.Boolean({ default: true }),
  allowedCidrs: Type.Array(Type.String({ pattern: '^[0-9.]+/[0-9]+$' }), {
    minItems: 1,
    default: ['0.0.0.0/0'],
  }),
  webAclArn: Type.Optional(arn('wafv2')),
  // The network: an existing one, or one of its own.
  vpcId: Type.Optional(Type.String({ pattern: '^vpc-[0-9a-f]{8,17}$' })),
  availabilityZones: Type.Optional(Type.Array(Type.String(), { minItems: 2 })),
  publicSubnetIds: Type.Optional(Type.Array(Type.String({ pattern: '^subnet-[0-9a-f]{8,17}$' }))),
  privateSubnetIds: Type.Optional(Type.Array(Type.String({ pattern: '^subnet-[0-9a-f]{8,17}$' }))),
  egress: Type.Enum(['nat', 'endpoints'], { default: 'nat' }),
  // The data.
  tableKeyArn: Type.Optional(arn('kms')),
  restoredTable: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{3,255}$' })),
  logRetentionDays: Type.Enum([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], {
    default: 30,
  }),
  accessLogRetentionDays: count(90, 3_650),
  // Who is told, and of what.
  metricsNamespace: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._/#:-]{1,255}$' })),
  alarmEmail: Type.Optional(Type.String({ pattern: '^[^@ ]+@[^@ ]+$' })),
  oldestAgeAlarmSeconds: count(900, 1_000_000),
  p99AlarmMs: count(1_000, 60_000),
  serverErrorAlarmPercent: count(1, 100),
  tracing: Type.Boolean({ default: true }),
  collectorImage: Type.String({
    default: 'public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0',
  }),
})

export const Parameters = Type.Object(
  { ...StackParameters.properties, ...SERVICE_VARIABLES },
  { additionalProperties: false },
)

export type Parameters = Omit<Static<typeof StackParameters>, 'logRetentionDays'> & {
  logRetentionDays: RetentionDays
}

/** What of the parameters goes to the service as it stands. */
export function serviceVariables(parameters: Parameters): Record<string, string> {
  const given = Object.entries(parameters).filter(([name]) => name in SERVICE_VARIABLES)
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]))
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html */
const MEMORY_MIB: Record<Parameters['cpu'], { from: number; to: number }> = {
  256: { from: 512, to: 2_048 },
  512: { from: 1_024, to: 4_096 },
  1024: { from: 2_048, to: 8_192 },
  2048: { from: 4_096, to: 16_384 },
}

/** Rules that no single parameter can break. */
function crossFaults(parameters: Parameters): string[] {
  const { cpu, memoryMiB, minTasks, maxTasks, egress, collectorImage, tracing, internetFacing } = parameters
  const { vpcId, availabilityZones = [], publicSubnetIds = [], privateSubnetIds = [] } = parameters
  const { from, to } = MEMORY_MIB[cpu]
  const faults: string[] = []
  if (memoryMiB < from || memoryMiB > to || (memoryMiB !== 512 && memoryMiB % 1_024 !== 0)) {
    faults.push(`memoryMiB must be a multiple of 1024 from ${from} to ${to} with ${cpu} CPU units`)
  }
  if (maxTasks < minTasks) faults.push('maxTasks must not be below minTasks')
  if (vpcId !== undefined && privateSubnetIds.length < 2) faults.push('vpcId needs two privateSubnetIds')
  if (vpcId !== undefined && internetFacing && publicSubnetIds.length < 2) {
    faults.push('vpcId needs two publicSubnetIds, or internetFacing: false')
  }
  if (vpcId !== undefined && availabilityZones.length !== privateSubnetIds.length) {
    faults.push('availabilityZones must name the zone of each of the privateSubnetIds')
  }
  if (
    vpcId === undefined &&
    [availabilityZones, publicSubnetIds, privateSubnetIds].some((ids) => ids.length)
  ) {
    faults.push('availabilityZones, publicSubnetIds and privateSubnetIds go with a vpcId')
  }
  if (egress === 'endpoints' && tracing && collectorImage.startsWith('public.ecr.aws/')) {
    faults.push('collectorImage must be in a repository of yours: no endpoint leads to public.ecr.aws')
  }
  return faults
}

const validate = createValidator(Parameters, 'parameters', true)

/** Checks the parameters and fills in defaults. Throws with every fault, one a line. */
export function readParameters(given: Record<string, unknown>): Parameters {
  const parameters = structuredClone(given)
  const faults = validate(parameters).map(({ field, message }) => `${field} ${message}`)
  if (faults.length === 0) faults.push(...crossFaults(parameters as unknown as Parameters))
  if (faults.length > 0) throw new Error(`The parameters have faults:\n  ${faults.join('\n  ')}`)
  return parameters as unknown as Parameters
}

/** Two stacks of one account and region must not add up their metrics. */
export function metricsNamespaceOf({ metricsNamespace, stackName }: Parameters): string {
  if (metricsNamespace !== undefined) return metricsNamespace
  return stackName === DEFAULT_STACK_NAME ? 'TriggersAPI' : `TriggersAPI/${stackName}`
}
