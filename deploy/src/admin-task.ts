import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import { LogDriver, Secret, type ContainerImage, type FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs'
import type { Role } from 'aws-cdk-lib/aws-iam'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { linuxParameters, UNPRIVILEGED } from './hardening.ts'
import type { Parameters } from './parameters.ts'
import { createTaskDefinition } from './task-definition.ts'

interface AdminTaskProps {
  parameters: Parameters
  image: ContainerImage
  role: Role
  tableName: string
  cursorSecret: ISecret
}

/** As small as Fargate has them. */
const SIZE = { cpu: 256, memoryMiB: 512 }

/**
 * Runs a command of the service once: keys, tenants, migrate. A new key stands on its stdout, so it has a log of its
 * own, which forgets after a day; deploy/run-command.sh forgets at once.
 */
export class AdminTask extends Construct {
  readonly definition: FargateTaskDefinition
  readonly logGroup: LogGroup

  constructor(scope: Construct, { parameters, image, role, tableName, cursorSecret }: AdminTaskProps) {
    super(scope, 'AdminTask')
    this.logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.ONE_DAY,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.definition = createTaskDefinition(this, {
      ...SIZE,
      architecture: parameters.architecture,
      role,
    })
    this.definition.addContainer('admin', {
      image,
      ...UNPRIVILEGED,
      memoryLimitMiB: SIZE.memoryMiB,
      command: ['node', 'src/cli/keys.ts', '--help'],
      linuxParameters: linuxParameters(this, 'Linux'),
      environment: { AWS_REGION: Stack.of(this).region, DYNAMODB_TABLE: tableName },
      // The configuration wants it; no command signs anything.
      secrets: { CURSOR_SECRET: Secret.fromSecretsManager(cursorSecret) },
      logging: LogDriver.awsLogs({ logGroup: this.logGroup, streamPrefix: 'run' }),
    })
  }
}
