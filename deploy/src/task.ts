import { Duration, Size, Stack } from 'aws-cdk-lib'
import {
  AwsLogDriverMode,
  LogDriver,
  Secret,
  UlimitName,
  type ContainerImage,
  type FargateTaskDefinition,
} from 'aws-cdk-lib/aws-ecs'
import type { Role } from 'aws-cdk-lib/aws-iam'
import type { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { addCollector, COLLECTOR_MIB, OTLP_ENDPOINT } from './collector.ts'
import { linuxParameters, UNPRIVILEGED } from './hardening.ts'
import { createTaskDefinition } from './task-definition.ts'
import { metricsNamespaceOf, serviceVariables, type Parameters } from './parameters.ts'

/** The image's own. */
export const PORT = 3000
/** Above what a drain takes: 5 s settling, 20 s for requests under way, 3 s for metrics and traces, 1 s for logs. */
const STOP_TIMEOUT_SECONDS = 45
/** Every request and every call to DynamoDB is a file to the kernel; Fargate's own limit is 1,024 for careful programs. */
const OPEN_FILES = 65_535
/** The rest is for buffers, which bodies are, for code and for threads. */
const HEAP_SHARE = 0.7
/** Lines that wait for CloudWatch Logs; when it is down, those beyond are dropped and nothing stands still. */
const LOG_BUFFER_MIB = 10

interface TaskProps {
  parameters: Parameters
  image: ContainerImage
  role: Role
  tableName: string
  cursorSecret: ISecret
  logGroup: LogGroup
}

/** One task: the service, and the collector of its traces beside it. */
export class Task extends Construct {
  readonly definition: FargateTaskDefinition

  constructor(scope: Construct, props: TaskProps) {
    super(scope, 'Task')
    const { parameters, role, logGroup } = props
    this.definition = createTaskDefinition(this, {
      cpu: parameters.cpu,
      memoryMiB: parameters.memoryMiB,
      architecture: parameters.architecture,
      role,
    })
    this.#addService(props)
    if (parameters.tracing) addCollector(this.definition, { image: parameters.collectorImage, logGroup })
  }

  #addService({ parameters, image, tableName, cursorSecret, logGroup }: TaskProps): void {
    const memoryMiB = parameters.memoryMiB - (parameters.tracing ? COLLECTOR_MIB : 0)
    const container = this.definition.addContainer('api', {
      image,
      ...UNPRIVILEGED,
      essential: true,
      memoryLimitMiB: memoryMiB,
      portMappings: [{ containerPort: PORT }],
      linuxParameters: linuxParameters(this, 'Linux'),
      stopTimeout: Duration.seconds(STOP_TIMEOUT_SECONDS),
      environment: {
        ...serviceVariables(parameters),
        AWS_REGION: Stack.of(this).region,
        DYNAMODB_TABLE: tableName,
        METRICS_NAMESPACE: metricsNamespaceOf(parameters),
        NODE_OPTIONS: `--max-old-space-size=${Math.floor(memoryMiB * HEAP_SHARE)}`,
        ...(parameters.tracing ? { OTEL_EXPORTER_OTLP_ENDPOINT: OTLP_ENDPOINT } : {}),
      },
      secrets: { CURSOR_SECRET: Secret.fromSecretsManager(cursorSecret) },
      // ECS ignores the health check of the image.
      healthCheck: {
        command: ['CMD', 'node', 'src/cli/healthcheck.ts'],
        interval: Duration.seconds(30),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.seconds(30),
      },
      logging: LogDriver.awsLogs({
        logGroup,
        streamPrefix: 'api',
        mode: AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: Size.mebibytes(LOG_BUFFER_MIB),
      }),
    })
    container.addUlimits({ name: UlimitName.NOFILE, softLimit: OPEN_FILES, hardLimit: OPEN_FILES })
  }
}
