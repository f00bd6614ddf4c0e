import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { synthesize, synthesizeAnew } from './support/synthesize.ts'

const subnets = ['subnet-00000001', 'subnet-00000002']

/** Every way to choose that changes what there is; each is held against cdk-nag and CDK's own validation. */
const SHAPES: Record<string, Record<string, unknown>> = {
  'with endpoints instead of NAT': {
    egress: 'endpoints',
    collectorImage: '123456789012.dkr.ecr.eu-central-1.amazonaws.com/aws-otel-collector:v0.49.0',
  },
  'in an existing network, for it alone': {
    vpcId: 'vpc-00000001',
    availabilityZones: ['a', 'b'],
    privateSubnetIds: subnets,
    internetFacing: false,
    allowedCidrs: ['10.0.0.0/8'],
  },
  'with a name, a firewall and a key': {
    hostedZoneId: 'Z0123456789',
    webAclArn: 'arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/a/b',
    tableKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/0',
  },
  'on x86 without traces': { architecture: 'x86_64', tracing: false, cpu: 256, memoryMiB: 512 },
}

test('an exception is for its finding alone', () => {
  assert.throws(
    () =>
      synthesizeAnew({}, ({ adminTask }) => {
        adminTask.definition.taskRole.addToPrincipalPolicy(
          new PolicyStatement({ actions: ['s3:*'], resources: ['*'] }),
        )
      }),
    /Validation failed/,
  )
})

for (const [name, given] of Object.entries(SHAPES)) {
  test(`the stack keeps the rules ${name}`, () => {
    assert.ok(Object.keys(synthesize(given).Resources).length > 30)
  })
}

test('what breaks a rule is refused', () => {
  assert.throws(() => synthesizeAnew({}, (stack) => new Bucket(stack, 'Careless')), /Validation failed/)
})

test('where the way in is not public, nothing is', () => {
  const text = JSON.stringify(synthesize(SHAPES['in an existing network, for it alone']))
  assert.match(text, /"Scheme":"internal"/)
  assert.doesNotMatch(text, /AWS::EC2::(VPC|Subnet|NatGateway|InternetGateway)"/)
})
