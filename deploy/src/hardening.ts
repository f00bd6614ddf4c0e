import { Capability, LinuxParameters } from 'aws-cdk-lib/aws-ecs'
import type { Construct } from 'constructs'

/** What the image promises (docs/image.md) and every container of it is held to. */
export const UNPRIVILEGED = { user: '1000:1000', readonlyRootFilesystem: true, privileged: false } as const

/** An init that reaps what health checks leave behind, and none of root's powers. */
export function linuxParameters(scope: Construct, id: string): LinuxParameters {
  const parameters = new LinuxParameters(scope, id, { initProcessEnabled: true })
  parameters.dropCapabilities(Capability.ALL)
  return parameters
}
