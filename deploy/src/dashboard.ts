import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  LogQueryWidget,
  PeriodOverride,
  type Alarm,
  type IMetric,
  type IWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { Metrics } from './metrics.ts'

const WHOLE = 24
const HALF = 12
const THIRD = 8
const HEIGHT = 6
const PERCENTILES = ['p50', 'p95', 'p99']

function graph(title: string, width: number, left: IMetric[], right: IMetric[] = []): GraphWidget {
  return new GraphWidget({ title, width, height: HEIGHT, left, right, leftYAxis: { min: 0 } })
}

/** What happens to events, and what waits. */
function eventRow(metrics: Metrics): IWidget[] {
  return [
    graph('Events a minute', HALF, [
      metrics.own('EventCreated', 'Sum'),
      metrics.own('EventDelivered', 'Sum'),
      metrics.own('EventFailed', 'Sum'),
      metrics.own('EventClaimed', 'Sum'),
    ]),
    graph(
      'Inbox',
      HALF,
      [
        metrics.own('InboxDepth', 'Maximum'),
        metrics.own('InboxDepthCapped', 'Maximum', 'more than that (1)'),
      ],
      [metrics.own('InboxOldestAge', 'Maximum', 'oldest, seconds')],
    ),
  ]
}

function latencyRow(metrics: Metrics): IWidget[] {
  return [
    graph('Latency, ms', HALF, [
      ...PERCENTILES.map((percentile) => metrics.own('ApiLatency', percentile, percentile)),
    ]),
    graph('Latency p99 by route, ms', HALF, [metrics.ownByDimension('ApiLatency', 'p99')]),
  ]
}

function errorRow(metrics: Metrics): IWidget[] {
  return [
    graph(
      'Answers a minute',
      HALF,
      [
        metrics.own('Requests', 'Sum'),
        metrics.own('ClientErrors', 'Sum', '4xx'),
        metrics.own('ServerErrors', 'Sum', '5xx'),
        metrics.loadBalancer5xx(),
      ],
      [metrics.serverErrorPercent()],
    ),
    graph('As the load balancer sees it, s', HALF, [
      ...PERCENTILES.map((percentile) => metrics.targetResponseTime(percentile)),
    ]),
  ]
}

function tableRow(metrics: Metrics): IWidget[] {
  return [
    graph('DynamoDB latency p99 by operation, ms', THIRD, [
      metrics.own('DynamoDBLatency', 'p99', 'all'),
      metrics.ownByDimension('DynamoDBLatency', 'p99'),
    ]),
    graph('DynamoDB throttles', THIRD, [
      metrics.own('DynamoDBThrottles', 'Sum', 'seen by the service'),
      ...metrics.throttleEvents('WriteThrottleEvents'),
      ...metrics.throttleEvents('ReadThrottleEvents'),
    ]),
    graph('DynamoDB units a minute', THIRD, [
      ...metrics.consumed('ConsumedWriteCapacityUnits'),
      ...metrics.consumed('ConsumedReadCapacityUnits'),
    ]),
  ]
}

function taskRow(metrics: Metrics): IWidget[] {
  return [
    graph('CPU and memory, %', THIRD, [
      metrics.utilization('CPUUtilization', 'Average'),
      metrics.utilization('CPUUtilization', 'Maximum'),
      metrics.utilization('MemoryUtilization', 'Maximum'),
    ]),
    graph('Tasks', THIRD, [metrics.runningTasks(), metrics.healthyHosts(), metrics.unhealthyHosts()]),
    graph('Blind spots: what could not be told', THIRD, [
      metrics.own('MetricsDropped', 'Sum'),
      metrics.own('LogLinesDropped', 'Sum'),
    ]),
  ]
}

/** Whom the limits turned away, by the limit. */
function refusalRow(metrics: Metrics): IWidget[] {
  return [
    graph('Refused a minute, by limit', WHOLE, [
      metrics.own('RefusedByRate', 'Sum', 'rate of a key (429)'),
      metrics.own('RefusedByTenant', 'Sum', 'share of a tenant (503)'),
      metrics.own('RefusedByLoad', 'Sum', 'load of a task (503)'),
      metrics.own('RefusedByKeyLookups', 'Sum', 'look-ups of unknown keys (503)'),
    ]),
  ]
}

/** Each line by its request id; `err` has the whole chain of causes. */
function recentErrors(logGroup: ILogGroup): IWidget {
  return new LogQueryWidget({
    title: 'Recent errors',
    logGroupNames: [logGroup.logGroupName],
    queryLines: [
      'fields @timestamp, msg, method, route, status, error, err.message, err.cause.message, tenant, request_id',
      'filter level = "error" or level = "fatal"',
      'sort @timestamp desc',
      'limit 50',
    ],
    width: WHOLE,
    height: HEIGHT,
  })
}

interface DashboardProps {
  metrics: Metrics
  alarms: Alarm[]
  logGroup: ILogGroup
}

/** From top to bottom: does anything ring, does the work get done, how fast, what fails, and why. */
export function createDashboard(scope: Construct, { metrics, alarms, logGroup }: DashboardProps): Dashboard {
  return new Dashboard(scope, 'Dashboard', {
    periodOverride: PeriodOverride.INHERIT,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms, width: WHOLE, height: 3 })],
      eventRow(metrics),
      latencyRow(metrics),
      errorRow(metrics),
      tableRow(metrics),
      taskRow(metrics),
      refusalRow(metrics),
      [recentErrors(logGroup)],
    ],
  })
}
