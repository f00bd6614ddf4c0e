import assert from 'node:assert/strict'
import { test } from 'node:test'
import { only, resourcesOf, synthesize, type Template } from './support/synthesize.ts'

const COLLECTOR_OF_OURS = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/aws-otel-collector:v0.49.0'
const template = synthesize()
const isolated = synthesize({ egress: 'endpoints', collectorImage: COLLECTOR_OF_OURS })

const endpoints = (of: Template, type: string) =>
  resourcesOf(of, 'AWS::EC2::VPCEndpoint')
    .filter(([, { Properties }]) => Properties['VpcEndpointType'] === type)
    .map(([, { Properties }]) => /(\w[\w.-]*)"\]\]\}$/.exec(JSON.stringify(Properties['ServiceName']))?.[1])
    .map((service) => service?.replace(/^\./, ''))
    .toSorted()

test('DynamoDB and the layers of images are reached without NAT', () => {
  assert.deepEqual(endpoints(template, 'Gateway'), ['dynamodb', 's3'])
  assert.equal(resourcesOf(template, 'AWS::EC2::NatGateway').length, 2)
})

test('with endpoints there is one for all that tasks call, and no way out', () => {
  assert.deepEqual(endpoints(isolated, 'Gateway'), ['dynamodb', 's3'])
  assert.deepEqual(endpoints(isolated, 'Interface'), [
    'ecr.api',
    'ecr.dkr',
    'logs',
    'monitoring',
    'secretsmanager',
    'xray',
  ])
  assert.equal(resourcesOf(isolated, 'AWS::EC2::NatGateway').length, 0)
})

test('tasks have no public address, take connections from the load balancer and make them by HTTPS', () => {
  const service = JSON.stringify(only(template, 'AWS::ECS::Service'))
  assert.match(service, /"AssignPublicIp":"DISABLED"/)
  const group = only(template, 'AWS::EC2::SecurityGroup', 'NetworkTask')
  assert.equal(group['SecurityGroupIngress'], undefined)
  assert.deepEqual(
    (group['SecurityGroupEgress'] as { FromPort: number; ToPort: number; IpProtocol: string }[]).map(
      ({ FromPort, ToPort, IpProtocol }) => [IpProtocol, FromPort, ToPort],
    ),
    [['tcp', 443, 443]],
  )
  const ingress = only(template, 'AWS::EC2::SecurityGroupIngress')
  assert.match(JSON.stringify(ingress['SourceSecurityGroupId']), /LoadBalancerSecurityGroup/)
})

test('the load balancer connects to tasks and to nothing else', () => {
  const group = only(template, 'AWS::EC2::SecurityGroup', 'LoadBalancer')
  assert.equal(group['SecurityGroupEgress'], undefined)
  const egress = only(template, 'AWS::EC2::SecurityGroupEgress')
  assert.match(JSON.stringify(egress['DestinationSecurityGroupId']), /NetworkTaskSecurityGroup/)
  assert.equal(egress['ToPort'], 3000)
})
