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

/** Answer of `GET /stats`. */
export const Stats = Type.Object(
  {
    total: StatsWindow,
    windows: Type.Array(StatsWindow, { description: 'Oldest first; the last one is still open.' }),
  },
  { $id: 'Stats', additionalProperties: false, description: 'The last hour of the task that answers.' },
)
export type Stats = Static<typeof Stats>
export type StatsWindow = Static<typeof StatsWindow>
