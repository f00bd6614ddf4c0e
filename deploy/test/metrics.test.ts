import type { CloudWatchClient, PutMetricDataCommandInput } from '@aws-sdk/client-cloudwatch'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCloudWatchSink } from '../../src/metrics/cloudwatch-sink.ts'
import { toData } from '../../src/metrics/data.ts'
import { METRIC_NAMES } from '../../src/metrics/names.ts'
import { openApp } from './support/service.ts'
import { only, resourcesOf, synthesize, type Template } from './support/synthesize.ts'

const NAMESPACE = 'TriggersAPI'

/**
 * What AWS sends of a deployment of this shape: a Fargate service, an Application Load Balancer, a table with two
 * indexes, a certificate. From the pages on metrics of each service's documentation.
 */
const OF_AWS = [
  'AWS/ApplicationELB HTTPCode_ELB_5XX_Count LoadBalancer',
  'AWS/ApplicationELB TargetResponseTime LoadBalancer',
  'AWS/ApplicationELB HealthyHostCount LoadBalancer,TargetGroup',
  'AWS/ApplicationELB UnHealthyHostCount LoadBalancer,TargetGroup',
  'AWS/ECS CPUUtilization ClusterName,ServiceName',
  'AWS/ECS MemoryUtilization ClusterName,ServiceName',
  'ECS/ContainerInsights RunningTaskCount ClusterName,ServiceName',
  ...[
    'ConsumedReadCapacityUnits',
    'ConsumedWriteCapacityUnits',
    'ReadThrottleEvents',
    'WriteThrottleEvents',
  ].flatMap((name) => [
    `AWS/DynamoDB ${name} TableName`,
    `AWS/DynamoDB ${name} GlobalSecondaryIndexName,TableName`,
  ]),
  'AWS/CertificateManager DaysToExpiry CertificateArn',
]

const signature = (namespace: string, name: string, dimensions: string[]) =>
  [namespace, name, dimensions.toSorted().join(',')].join(' ').trim()

/** What the service itself sends: its own app, recorder and sink, of which only the way to CloudWatch is cut. */
async function emitted(): Promise<Set<string>> {
  const { app, recorder } = await openApp()
  await app.inject('/nowhere')
  await app.close()
  recorder.observe('DynamoDBLatency', 1, 'Query')
  for (const name of ['InboxDepth', 'InboxDepthCapped', 'InboxOldestAge'] as const) recorder.gauge(name, 1)
  const calls: PutMetricDataCommandInput[] = []
  const client = {
    send: async ({ input }: { input: PutMetricDataCommandInput }) => void calls.push(input),
  } as unknown as CloudWatchClient
  const sink = createCloudWatchSink({ client, namespace: NAMESPACE, isHighResolution: false })
  await sink.send({ at: 0, data: toData(recorder.take()) }, new AbortController().signal)
  return new Set(
    calls.flatMap(({ Namespace = '', MetricData = [] }) =>
      MetricData.map(({ MetricName = '', Dimensions = [] }) =>
        signature(
          Namespace,
          MetricName,
          Dimensions.map(({ Name = '' }) => Name),
        ),
      ),
    ),
  )
}

interface WidgetMetric {
  expression?: string
}
interface Widget {
  type: string
  properties: { title: string; metrics?: unknown[][]; query?: string }
}

function widgetsOf(template: Template): Widget[] {
  const { DashboardBody } = only<{ DashboardBody: { 'Fn::Join': [string, unknown[]] } }>(
    template,
    'AWS::CloudWatch::Dashboard',
  )
  const text = DashboardBody['Fn::Join'][1]
    .map((part) => (typeof part === 'string' ? part : 'filled-in'))
    .join('')
  return (JSON.parse(text) as { widgets: Widget[] }).widgets
}

/** `["Namespace", "Name", "Dimension", "value", …, {options}]`, or `[{expression}]`; a dot repeats what is above it. */
function signaturesOf(rows: unknown[][]): string[] {
  let above: unknown[] = []
  return rows.flatMap((row) => {
    const [first] = row as [WidgetMetric]
    if (typeof first === 'object') {
      const [, schema = '', name = ''] =
        /^SEARCH\('\{(.*?)\} MetricName="(\w+)"/.exec(first.expression ?? '') ?? []
      const [namespace = '', ...dimensions] = schema.replaceAll('"', '').split(',')
      return schema === '' ? [] : [signature(namespace, name, dimensions)]
    }
    const words = row.filter((cell) => typeof cell === 'string')
    const whole = words.map((word, place) => (word === '.' ? String(above[place]) : word))
    above = whole
    const [namespace = '', name = '', ...pairs] = whole
    return [
      signature(
        namespace,
        name,
        pairs.filter((_, place) => place % 2 === 0),
      ),
    ]
  })
}

interface AlarmMetric {
  Namespace: string
  MetricName: string
  Dimensions?: { Name: string }[]
}
interface Alarm extends Partial<AlarmMetric> {
  Metrics?: { MetricStat?: { Metric: AlarmMetric } }[]
}

function alarmSignatures(template: Template): string[] {
  return resourcesOf(template, 'AWS::CloudWatch::Alarm').flatMap(([, { Properties }]) => {
    const { Metrics = [], ...plain } = Properties as Alarm
    const metrics = Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []))
    const all = plain.Namespace === undefined ? metrics : [plain as AlarmMetric]
    return all.map(({ Namespace, MetricName, Dimensions = [] }) =>
      signature(
        Namespace,
        MetricName,
        Dimensions.map(({ Name }) => Name),
      ),
    )
  })
}

const template = synthesize()
const widgets = widgetsOf(template)
const shown = widgets.flatMap(({ properties }) => signaturesOf(properties.metrics ?? []))

test('everything that the dashboard shows is sent by somebody', async () => {
  const sent = new Set([...(await emitted()), ...OF_AWS])
  assert.deepEqual(
    shown.filter((metric) => !sent.has(metric)),
    [],
  )
  assert.ok(shown.length > 30)
})

test('everything that alarms watch is sent by somebody', async () => {
  const sent = new Set([...(await emitted()), ...OF_AWS])
  const watched = alarmSignatures(template)
  assert.deepEqual(
    watched.filter((metric) => !sent.has(metric)),
    [],
  )
  assert.ok(watched.length >= resourcesOf(template, 'AWS::CloudWatch::Alarm').length)
})

test('everything that the service sends is on the dashboard', async () => {
  const missing = [...(await emitted())].filter((metric) => !shown.includes(metric))
  assert.deepEqual(missing, [])
  assert.ok(METRIC_NAMES.every((name) => shown.includes(signature(NAMESPACE, name, []))))
})

test('the dashboard has what an operator looks for, and every alarm', () => {
  const titles = widgets.map(({ properties }) => properties.title).join('\n')
  for (const wanted of [
    'Events',
    'Inbox',
    'Latency',
    'by route',
    'Answers',
    'throttles',
    'CPU and memory',
    'Recent errors',
  ]) {
    assert.ok(titles.includes(wanted), wanted)
  }
  const alarms = widgets.find(({ type }) => type === 'alarm') as unknown as {
    properties: { alarms: string[] }
  }
  assert.equal(alarms.properties.alarms.length, resourcesOf(template, 'AWS::CloudWatch::Alarm').length)
})

test('another stack has a namespace of its own everywhere', () => {
  const text = JSON.stringify(synthesize({ stackName: 'staging' }))
  assert.doesNotMatch(text, /TriggersAPI(?!\/staging)/)
})
