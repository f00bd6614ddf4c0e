import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { containerOf, environmentOf, openApp } from './support/service.ts'
import { only, resourcesOf, synthesize } from './support/synthesize.ts'

const template = synthesize()

const attributes = (type: string, member: string) =>
  Object.fromEntries(
    (only(template, type)[member] as { Key: string; Value: unknown }[]).map(({ Key, Value }) => [Key, Value]),
  )
const balancer = attributes('AWS::ElasticLoadBalancingV2::LoadBalancer', 'LoadBalancerAttributes')
const targets = only(template, 'AWS::ElasticLoadBalancingV2::TargetGroup')
const service = only(template, 'AWS::ECS::Service')

test('the service keeps idle connections longer than the load balancer', async () => {
  const { app } = await openApp()
  const idleMs = Number(balancer['idle_timeout.timeout_seconds']) * 1000
  assert.ok(idleMs + 5_000 < app.server.keepAliveTimeout)
  // A claim that waits must not look idle.
  assert.ok(idleMs > 30_000)
  await app.close()
})

test('the load balancer is careful and keeps a log', () => {
  assert.equal(balancer['routing.http.drop_invalid_header_fields.enabled'], 'true')
  assert.equal(balancer['deletion_protection.enabled'], 'true')
  assert.equal(balancer['access_logs.s3.enabled'], 'true')
  const bucket = only(template, 'AWS::S3::Bucket')
  assert.match(JSON.stringify(bucket['BucketEncryption']), /AES256/)
  const policy = JSON.stringify(only(template, 'AWS::S3::BucketPolicy'))
  assert.match(policy, /logdelivery\.elasticloadbalancing\.amazonaws\.com/)
})

test('HTTPS is the way in, HTTP is sent there', () => {
  const listeners = resourcesOf(template, 'AWS::ElasticLoadBalancingV2::Listener').map(
    ([, one]) => one.Properties,
  )
  const https = listeners.find(({ Port }) => Port === 443)
  assert.equal(https?.['Protocol'], 'HTTPS')
  assert.match(String(https['SslPolicy']), /^ELBSecurityPolicy-TLS13/)
  const http = listeners.find(({ Port }) => Port === 80)
  assert.match(JSON.stringify(http?.['DefaultActions']), /"StatusCode":"HTTP_301"/)
  assert.equal(listeners.length, 2)
})

test('the load balancer asks for a path that answers, at the port that is listened to', async () => {
  const { app } = await openApp()
  const { statusCode } = await app.inject(String(targets['HealthCheckPath']))
  assert.equal(statusCode, 200)
  await app.close()
  const { port } = readConfig(environmentOf(containerOf(template, 'Task', 'api')))
  assert.equal(targets['Port'], port)
})

test('requests under way end before a task that is replaced is stopped', () => {
  const delay = attributes('AWS::ElasticLoadBalancingV2::TargetGroup', 'TargetGroupAttributes')
  // A long poll takes 20 s, everything else the deadline.
  assert.ok(Number(delay['deregistration_delay.timeout_seconds']) >= 20 + 5)
})

test('a deployment never has fewer tasks, and one that fails is rolled back', () => {
  const deployment = service['DeploymentConfiguration'] as Record<string, unknown>
  assert.deepEqual(deployment['DeploymentCircuitBreaker'], { Enable: true, Rollback: true })
  assert.equal(deployment['MinimumHealthyPercent'], 100)
  assert.equal(service['HealthCheckGracePeriodSeconds'], 60)
  // A number here would undo the autoscaling at each deployment.
  assert.equal(service['DesiredCount'], undefined)
})

test('there are two tasks at least, and more by requests and CPU', () => {
  const target = only(template, 'AWS::ApplicationAutoScaling::ScalableTarget')
  assert.equal(target['MinCapacity'], 2)
  assert.equal(target['MaxCapacity'], 10)
  const policies = resourcesOf(template, 'AWS::ApplicationAutoScaling::ScalingPolicy')
  assert.deepEqual(
    policies.map(
      ([, { Properties }]) => /ALBRequestCount\w+|ECSService\w+/.exec(JSON.stringify(Properties))?.[0],
    ),
    ['ALBRequestCountPerTarget', 'ECSServiceAverageCPUUtilization'],
  )
})

test('the alarms reach the topic, although it has a policy of its own', () => {
  const policy = JSON.stringify(only(template, 'AWS::SNS::TopicPolicy'))
  assert.match(policy, /"Effect":"Allow","Principal":\{"Service":"cloudwatch\.amazonaws\.com"\}/)
  assert.equal(only(template, 'AWS::SNS::Subscription')['Endpoint'], 'operators@example.com')
  for (const [, { Properties }] of resourcesOf(template, 'AWS::CloudWatch::Alarm')) {
    assert.match(JSON.stringify(Properties['AlarmActions']), /AlarmTopic/)
  }
})

test('the certificate is the one that was given, and a name is made where there is a zone', () => {
  assert.equal(resourcesOf(template, 'AWS::Route53::RecordSet').length, 0)
  const named = only(synthesize({ hostedZoneId: 'Z1' }), 'AWS::Route53::RecordSet')
  assert.equal(named['Name'], 'events.example.com')
})
