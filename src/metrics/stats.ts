import { toTimestamp } from '../domain/clock.ts'
import type { Stats, StatsWindow } from '../schemas/stats.ts'
import { countOf, percentile, type Histogram } from './histogram.ts'
import { sumWindows, type WindowSummary } from './history.ts'

function latencyOf(histogram: Histogram) {
  return {
    count: countOf(histogram),
    p50: percentile(histogram, 0.5),
    p95: percentile(histogram, 0.95),
    p99: percentile(histogram, 0.99),
  }
}

function toStatsWindow({ from, to, counters, gauges, histograms }: WindowSummary): StatsWindow {
  const { InboxDepth, InboxDepthCapped, InboxOldestAge } = gauges
  return {
    from: toTimestamp(from),
    to: toTimestamp(to),
    events: {
      created: counters.EventCreated,
      delivered: counters.EventDelivered,
      failed: counters.EventFailed,
      claimed: counters.EventClaimed,
    },
    requests: {
      total: counters.Requests,
      client_errors: counters.ClientErrors,
      server_errors: counters.ServerErrors,
      latency_ms: latencyOf(histograms.ApiLatency),
    },
    refused: {
      by_rate: counters.RefusedByRate,
      by_tenant: counters.RefusedByTenant,
      by_load: counters.RefusedByLoad,
      by_key_lookups: counters.RefusedByKeyLookups,
    },
    dynamodb: { throttles: counters.DynamoDBThrottles, latency_ms: latencyOf(histograms.DynamoDBLatency) },
    inbox: {
      depth: InboxDepth ?? null,
      depth_capped: InboxDepthCapped === undefined ? null : InboxDepthCapped > 0,
      oldest_age_seconds: InboxOldestAge ?? null,
    },
    dropped: { metrics: counters.MetricsDropped, log_lines: counters.LogLinesDropped },
  }
}

/** @returns The answer of `GET /stats`. */
export function toStats(windows: WindowSummary[]): Stats {
  return { total: toStatsWindow(sumWindows(windows)), windows: windows.map(toStatsWindow) }
}
