import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { Repository } from 'aws-cdk-lib/aws-ecr'
import type { Construct } from 'constructs'
import type { Parameters } from './parameters.ts'

/** The image of the service, built elsewhere: the stack runs the very bytes that were tested. */
export function imageOf(scope: Construct, { repository, imageTag }: Parameters): ContainerImage {
  return ContainerImage.fromEcrRepository(
    Repository.fromRepositoryName(scope, 'Repository', repository),
    imageTag,
  )
}
