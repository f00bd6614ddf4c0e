import { CpuArchitecture, FargateTaskDefinition, OperatingSystemFamily } from 'aws-cdk-lib/aws-ecs'
import type { Role } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import type { Parameters } from './parameters.ts'
import { acknowledgeAnyResource } from './task-role.ts'

interface TaskDefinitionProps {
  cpu: number
  memoryMiB: number
  architecture: Parameters['architecture']
  /** What the containers may do; to pull the image, read the secret and write logs is ECS's own business. */
  role: Role
}

/** What the service and the commands of operators run on. */
export function createTaskDefinition(scope: Construct, props: TaskDefinitionProps): FargateTaskDefinition {
  const { cpu, memoryMiB, architecture, role } = props
  const definition = new FargateTaskDefinition(scope, 'Definition', {
    cpu,
    memoryLimitMiB: memoryMiB,
    taskRole: role,
    runtimePlatform: {
      cpuArchitecture: architecture === 'arm64' ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
  })
  acknowledge(definition, 'ECS2', 'No variable is a secret: the one that is comes from Secrets Manager.')
  acknowledgeAnyResource(definition.obtainExecutionRole())
  return definition
}
