/** A metric: its unit in CloudWatch, and the one dimension by which it is sent once more. */
interface MetricDefinition {
  kind: 'counter' | 'gauge' | 'histogram'
  unit: 'Count' | 'Seconds' | 'Milliseconds'
  dimension?: 'Route' | 'Operation'
}

/**
 * Every metric there is. Dashboards and alarms are made from this table, so that they cannot name what nobody sends. A
 * dimension has values that the code knows in advance, never what a client sent: each value is a metric that is paid for.
 */
export const METRICS = {
  EventCreated: { kind: 'counter', unit: 'Count' },
  EventDelivered: { kind: 'counter', unit: 'Count' },
  EventFailed: { kind: 'counter', unit: 'Count' },
  EventClaimed: { kind: 'counter', unit: 'Count' },
  Requests: { kind: 'counter', unit: 'Count' },
  ClientErrors: { kind: 'counter', unit: 'Count' },
  ServerErrors: { kind: 'counter', unit: 'Count' },
  RefusedByRate: { kind: 'counter', unit: 'Count' },
  RefusedByTenant: { kind: 'counter', unit: 'Count' },
  RefusedByLoad: { kind: 'counter', unit: 'Count' },
  RefusedByKeyLookups: { kind: 'counter', unit: 'Count' },
  DynamoDBThrottles: { kind: 'counter', unit: 'Count' },
  MetricsDropped: { kind: 'counter', unit: 'Count' },
  LogLinesDropped: { kind: 'counter', unit: 'Count' },
  InboxDepth: { kind: 'gauge', unit: 'Count' },
  InboxDepthCapped: { kind: 'gauge', unit: 'Count' },
  InboxOldestAge: { kind: 'gauge', unit: 'Seconds' },
  ApiLatency: { kind: 'histogram', unit: 'Milliseconds', dimension: 'Route' },
  DynamoDBLatency: { kind: 'histogram', unit: 'Milliseconds', dimension: 'Operation' },
} as const satisfies Record<string, MetricDefinition>

export type MetricName = keyof typeof METRICS
type NamesOf<Kind> = {
  [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never
}[MetricName]
export type CounterName = NamesOf<'counter'>
export type GaugeName = NamesOf<'gauge'>
export type HistogramName = NamesOf<'histogram'>

export const METRIC_NAMES = Object.keys(METRICS) as MetricName[]
export const COUNTERS = METRIC_NAMES.filter((name): name is CounterName => METRICS[name].kind === 'counter')
