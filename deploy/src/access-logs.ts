import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { CfnLoadBalancer, type ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'

/**
 * Access logs of the load balancer: the one place that knows of requests which reached no task. Load balancers write to
 * no bucket with a KMS key. CDK's own `logAccessLogs` wants to know the region, which the template leaves open.
 */
export function logAccess(
  scope: Construct,
  loadBalancer: ApplicationLoadBalancer,
  retentionDays: number,
): void {
  const bucket = new Bucket(scope, 'AccessLogs', {
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    lifecycleRules: [{ expiration: Duration.days(retentionDays) }],
    removalPolicy: RemovalPolicy.RETAIN,
  })
  acknowledge(bucket, 'S1', 'It is where access is logged; a log of the log would log itself.')
  const { account, region, partition } = Stack.of(scope)
  bucket.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('logdelivery.elasticloadbalancing.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [bucket.arnForObjects(`AWSLogs/${account}/*`)],
      conditions: {
        ArnLike: {
          'aws:SourceArn': `arn:${partition}:elasticloadbalancing:${region}:${account}:loadbalancer/*`,
        },
      },
    }),
  )
  loadBalancer.setAttribute('access_logs.s3.enabled', 'true')
  loadBalancer.setAttribute('access_logs.s3.bucket', bucket.bucketName)
  // The load balancer tries the bucket when it is told of it: the policy has to be there by then.
  const resource = loadBalancer.node.defaultChild
  if (resource instanceof CfnLoadBalancer && bucket.policy) resource.node.addDependency(bucket.policy)
}
