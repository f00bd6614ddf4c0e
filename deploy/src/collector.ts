import { Duration, Size, Stack, Validations } from 'aws-cdk-lib'
import { AwsLogDriverMode, ContainerImage, LogDriver, type FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs'
import type { LogGroup } from 'aws-cdk-lib/aws-logs'
import { readFileSync } from 'node:fs'

/** Twice what its configuration lets spans take. */
export const COLLECTOR_MIB = 256
export const OTLP_ENDPOINT = 'http://127.0.0.1:4318'

const CONFIGURATION = new URL('../collector/production.yaml', import.meta.url)

/**
 * The collector that sends traces to X-Ray. When it ends the service goes on without traces; that is why it is not
 * essential, and why nothing waits for it.
 */
export function addCollector(
  task: FargateTaskDefinition,
  { image, logGroup }: { image: string; logGroup: LogGroup },
): void {
  Validations.of(task).acknowledge({
    id: 'CloudFormation-Validate::E1029',
    reason: 'The collector puts its environment into its configuration, not CloudFormation.',
  })
  task.addContainer('collector', {
    image: ContainerImage.fromRegistry(image),
    essential: false,
    readonlyRootFilesystem: true,
    memoryLimitMiB: COLLECTOR_MIB,
    environment: {
      AWS_REGION: Stack.of(task).region,
      AOT_CONFIG_CONTENT: readFileSync(CONFIGURATION, 'utf8'),
    },
    // There is no shell in its image: without CMD, ECS would look for one.
    healthCheck: {
      command: ['CMD', '/healthcheck'],
      interval: Duration.seconds(30),
      timeout: Duration.seconds(5),
      retries: 3,
      startPeriod: Duration.seconds(10),
    },
    logging: LogDriver.awsLogs({
      logGroup,
      streamPrefix: 'collector',
      mode: AwsLogDriverMode.NON_BLOCKING,
      maxBufferSize: Size.mebibytes(1),
    }),
  })
}
