import { Duration } from 'aws-cdk-lib'
import { MathExpression, Metric, type IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import type { FargateService } from 'aws-cdk-lib/aws-ecs'
import { HttpCodeElb } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { INBOX_INDEX, STATUS_INDEX } from '../../src/dynamodb/table.ts'
import { METRICS, type HistogramName, type MetricName } from '../../src/metrics/names.ts'
import type { LoadBalancer } from './load-balancer.ts'

/** What tasks send themselves is sent once a minute. */
const MINUTE = Duration.minutes(1)

interface MetricSources {
  namespace: string
  tableName: string
  loadBalancer: LoadBalancer
  service: FargateService
}

/** Every metric that dashboard and alarms read: the service's own by its own names, and those of AWS around it. */
export class Metrics {
  readonly #sources: MetricSources

  constructor(sources: MetricSources) {
    this.#sources = sources
  }

  /** A metric of the service, over all tasks. */
  own(name: MetricName, statistic: string, label: string = name): Metric {
    return new Metric({
      namespace: this.#sources.namespace,
      metricName: name,
      statistic,
      label,
      period: MINUTE,
    })
  }

  /** The same once more for each value of its dimension, whatever values there are. */
  ownByDimension(name: HistogramName, statistic: string): IMetric {
    const schema = `{"${this.#sources.namespace}",${METRICS[name].dimension}}`
    return new MathExpression({
      expression: `SEARCH('${schema} MetricName="${name}"', '${statistic}', ${MINUTE.toSeconds()})`,
      usingMetrics: {},
      label: '',
      period: MINUTE,
    })
  }

  /** What went wrong of all that was asked, in percent; of next to nothing it says nothing. */
  serverErrorPercent(): IMetric {
    return new MathExpression({
      expression: `IF(requests >= ${MIN_REQUESTS}, 100 * errors / requests, 0)`,
      usingMetrics: { errors: this.own('ServerErrors', 'Sum'), requests: this.own('Requests', 'Sum') },
      label: '5xx of all answers',
      period: MINUTE,
    })
  }

  /** What the load balancer answered itself, no task being there to do it. */
  loadBalancer5xx(): IMetric {
    const { metrics } = this.#sources.loadBalancer.resource
    return metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, {
      label: '5xx of the load balancer',
      period: MINUTE,
    })
  }

  targetResponseTime(statistic: string): IMetric {
    const { metrics } = this.#sources.loadBalancer.resource
    return metrics.targetResponseTime({
      statistic,
      label: `${statistic} as the load balancer sees it`,
      period: MINUTE,
    })
  }

  unhealthyHosts(): IMetric {
    return this.#sources.loadBalancer.targetGroup.metrics.unhealthyHostCount({
      statistic: 'Maximum',
      label: 'unhealthy',
      period: MINUTE,
    })
  }

  healthyHosts(): IMetric {
    return this.#sources.loadBalancer.targetGroup.metrics.healthyHostCount({
      statistic: 'Minimum',
      label: 'healthy',
      period: MINUTE,
    })
  }

  /** Of CPU or memory, in percent of what the tasks have. */
  utilization(of: 'CPUUtilization' | 'MemoryUtilization', statistic: string): IMetric {
    const { service } = this.#sources
    const options = { statistic, label: `${of} ${statistic}`, period: MINUTE }
    return of === 'CPUUtilization'
      ? service.metricCpuUtilization(options)
      : service.metricMemoryUtilization(options)
  }

  /** Counted by Container Insights. */
  runningTasks(): IMetric {
    const { service } = this.#sources
    return new Metric({
      namespace: 'ECS/ContainerInsights',
      metricName: 'RunningTaskCount',
      dimensionsMap: { ClusterName: service.cluster.clusterName, ServiceName: service.serviceName },
      statistic: 'Minimum',
      label: 'running tasks',
      period: MINUTE,
    })
  }

  /** Units that the table and its indexes took, each by itself: an index that is too slow throttles the table. */
  consumed(unit: 'ConsumedWriteCapacityUnits' | 'ConsumedReadCapacityUnits'): IMetric[] {
    return this.#perIndex(unit, 'Sum')
  }

  /** Refused attempts by where they were refused. */
  throttleEvents(kind: 'WriteThrottleEvents' | 'ReadThrottleEvents'): IMetric[] {
    return this.#perIndex(kind, 'Sum')
  }

  #perIndex(metricName: string, statistic: string): IMetric[] {
    return [undefined, STATUS_INDEX, INBOX_INDEX].map(
      (index) =>
        new Metric({
          namespace: 'AWS/DynamoDB',
          metricName,
          dimensionsMap: {
            TableName: this.#sources.tableName,
            ...(index === undefined ? {} : { GlobalSecondaryIndexName: index }),
          },
          statistic,
          label: `${metricName} ${index ?? 'table'}`,
          period: MINUTE,
        }),
    )
  }

  /** Until the certificate ends; Certificate Manager renews what it can, and what was imported it cannot. */
  certificateDays(certificateArn: string): IMetric {
    return new Metric({
      namespace: 'AWS/CertificateManager',
      metricName: 'DaysToExpiry',
      dimensionsMap: { CertificateArn: certificateArn },
      statistic: 'Minimum',
      period: Duration.days(1),
    })
  }
}

/** In a minute. */
const MIN_REQUESTS = 20
