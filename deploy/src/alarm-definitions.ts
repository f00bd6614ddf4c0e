import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import type { Metrics } from './metrics.ts'
import type { Parameters } from './parameters.ts'

export interface AlarmDefinition {
  metric: IMetric
  /** The alarm is raised when the metric is above, or below, this ... */
  above?: number
  below?: number
  /** ... in so many of so many periods. */
  points: [number, number]
  /** Whether no data are as bad as bad ones. */
  missingIsBad?: true
  /** What it means, and what to look at first. It stands in the e-mail. */
  tells: string
}
type Definitions = Record<string, AlarmDefinition>

/** Every alarm, by its name. What to do about each is in docs/operations.md; a test compares the names. */
export function alarmDefinitions(metrics: Metrics, parameters: Parameters): Definitions {
  return {
    ...whetherItRuns(metrics),
    ...howItAnswers(metrics, parameters),
    ...whatBecomesOfEvents(metrics, parameters),
    ...whatRunsShort(metrics, parameters),
  }
}

function whetherItRuns(metrics: Metrics): Definitions {
  return {
    NoRunningTask: {
      metric: metrics.runningTasks(),
      below: 1,
      points: [2, 2],
      missingIsBad: true,
      tells: 'No task runs: nobody is served. Look at the events of the ECS service.',
    },
    NoMetrics: {
      metric: metrics.own('Requests', 'SampleCount'),
      below: 1,
      points: [5, 5],
      missingIsBad: true,
      tells: 'The service sends no metrics: the alarms that read them are blind.',
    },
    UnhealthyHosts: {
      metric: metrics.unhealthyHosts(),
      above: 0,
      points: [3, 5],
      tells: 'A task does not answer /health: look at its logs, its CPU and its memory.',
    },
  }
}

function howItAnswers(metrics: Metrics, parameters: Parameters): Definitions {
  return {
    ServerErrors: {
      metric: metrics.serverErrorPercent(),
      above: parameters.serverErrorAlarmPercent,
      points: [3, 5],
      tells: 'Too many answers are 5xx: the widget of recent errors names the cause.',
    },
    LoadBalancerErrors: {
      metric: metrics.loadBalancer5xx(),
      above: 5,
      points: [3, 5],
      tells: 'The load balancer answers 5xx itself: tasks are missing, too slow, or close connections.',
    },
    Latency: {
      metric: metrics.own('ApiLatency', 'p99'),
      above: parameters.p99AlarmMs,
      points: [5, 5],
      tells: 'One request of a hundred is slow: compare CPU, DynamoDB latency and throttles.',
    },
  }
}

function whatBecomesOfEvents(metrics: Metrics, parameters: Parameters): Definitions {
  return {
    OldestEvent: {
      metric: metrics.own('InboxOldestAge', 'Maximum'),
      above: parameters.oldestAgeAlarmSeconds,
      points: [5, 5],
      tells: 'Events wait too long: consumers are down, too slow, or reject them.',
    },
    FailedEvents: {
      metric: metrics.own('EventFailed', 'Sum'),
      above: 0,
      points: [1, 1],
      tells: 'Events were given up: GET /events?status=failed lists them, redrive offers them again.',
    },
  }
}

function whatRunsShort(metrics: Metrics, parameters: Parameters): Definitions {
  return {
    Throttles: {
      metric: metrics.own('DynamoDBThrottles', 'Sum'),
      above: 0,
      points: [3, 5],
      tells: 'DynamoDB refuses calls: a tenant outgrew its shards, or the table its throughput.',
    },
    Memory: {
      metric: metrics.utilization('MemoryUtilization', 'Maximum'),
      above: 90,
      points: [5, 5],
      tells: 'A task is short of memory and will be killed.',
    },
    Certificate: {
      metric: metrics.certificateDays(parameters.certificateArn),
      below: 14,
      points: [1, 1],
      tells: 'The certificate ends within 14 days: its renewal failed, or nobody imported the next one.',
    },
  }
}
