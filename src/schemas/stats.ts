import { Type, type Static } from 'typebox'

const Count = Type.Integer({ minimum: 0 })
const Latency = Type.Object(
  {
    count: Count,
    p50: Type.Union([Type.Number(), Type.Null()]),
    p95: Type.Union([Type.Number(), Type.Null()]),
    p99: Type.Union([Type.Number(), Type.Null()]),
  },
  {
    additionalProperties: false,
    description: 'Milliseconds, within 5 %; null when there was nothing to measure.',
  },
)

const StatsWindow = Type.Object(
  {
    from: Type.String({ format: 'date-time' }),
    to: Type.String({ format: 'date-time' }),
    events: Type.Object(
      { created: Count, delivered: Count, failed: Count, claimed: Count },
      { additionalProperties: false },
    ),
    requests: Type.Object(
      { total: Count, client_errors: Count, server_errors: Count, latency_ms: Latency },
      { additionalProperties: false },
    ),
    refused: Type.Object(
      { by_rate: Count, by_tenant: Count, by_load: Count, by_key_lookups: Count },
      { additionalProperties: false, description: 'Requests answered 429 or 503 to protect the others.' },
    ),
    dynamodb: Type.Object({ throttles: Count, latency_ms: Latency }, { additionalProperties: false }),
    inbox: Type.Object(
      {
        depth: Type.Union([Count, Type.Null()]),
        depth_capped: Type.Union([Type.Boolean(), Type.Null()], {
          description: 'Whether counting ended early: `depth` is then the least there is.',
        }),
        oldest_age_seconds: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
      },
      {
        additionalProperties: false,
        description: 'Of all tenants; null where another task measured it, or nobody yet.',
      },
    ),
    dropped: Type.Object({ metrics: Count, log_lines: Count }, { additionalProperties: false }),
  },
  { additionalProperties: false, description: 'What this task did between two moments.' },
)

const LATENCY = { count: 1200, p50: 8.72, p95: 22.63, p99: 36.44 }
const EXAMPLE = {
  from: '2026-01-31T12:00:00.000Z',
  to: '2026-01-31T12:01:00.000Z',
  events: { created: 400, delivered: 398, failed: 2, claimed: 400 },
  requests: { total: 1200, client_errors: 3, server_errors: 0, latency_ms: LATENCY },
  refused: { by_rate: 0, by_tenant: 0, by_load: 0, by_key_lookups: 0 },
  dynamodb: { throttles: 0, latency_ms: LATENCY },
  inbox: { depth: 7, depth_capped: false, oldest_age_seconds: 1.204 },
  dropped: { metrics: 0, log_lines: 0 },
}

/** Answer of `GET /stats`. */
export const Stats = Type.Object(
  {
    total: StatsWindow,
    windows: Type.Array(StatsWindow, { description: 'Oldest first; the last one is still open.' }),
  },
  {
    $id: 'Stats',
    additionalProperties: false,
    description: 'The last hour of the task that answers.',
    examples: [{ total: EXAMPLE, windows: [EXAMPLE] }],
  },
)
export type Stats = Static<typeof Stats>
export type StatsWindow = Static<typeof StatsWindow>
