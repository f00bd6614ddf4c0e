import t from 'tap'
import { toData } from '../../src/metrics/data.ts'
import { createHistory, sumWindows } from '../../src/metrics/history.ts'
import { COUNTERS } from '../../src/metrics/names.ts'
import { createRecorder } from '../../src/metrics/recorder.ts'
import { toStats } from '../../src/metrics/stats.ts'
import { warnSeldom } from '../../src/metrics/warn-seldom.ts'

function createTestRecorder() {
  let now = 1_000
  const recorder = createRecorder(() => now)
  return { recorder, advance: (ms: number) => (now += ms), clock: () => now }
}

t.test('a window holds what was recorded since the last one, counters at zero included', async (t) => {
  const { recorder, advance } = createTestRecorder()
  recorder.count('EventCreated')
  recorder.count('EventCreated', 4)
  recorder.gauge('InboxDepth', 7)
  recorder.observe('ApiLatency', 10, 'GET /inbox')
  advance(60_000)
  const window = recorder.take()
  t.match(window, { from: 1_000, to: 61_000 })
  const data = toData(window)
  const find = (name: string) => data.filter((datum) => datum.name === name)
  t.strictSame(find('EventCreated'), [
    { name: 'EventCreated', unit: 'Count', dimension: undefined, values: [5], counts: [1] },
  ])
  t.strictSame(find('EventFailed')[0]?.values, [0])
  t.strictSame(find('InboxDepth')[0]?.values, [7])
  t.strictSame(find('InboxOldestAge'), [], 'a gauge that nobody measured is not told')
  t.strictSame(
    find('ApiLatency').map(({ dimension, counts }) => ({ dimension, counts })),
    [
      { dimension: undefined, counts: [1] },
      { dimension: { name: 'Route', value: 'GET /inbox' }, counts: [1] },
    ],
  )
  const next = toData(recorder.take())
  t.strictSame(
    next.map(({ name, values }) => [name, ...values]),
    COUNTERS.map((name) => [name, 0]),
  )
})

t.test('it never throws, and its memory has a bound', async (t) => {
  const { recorder } = createTestRecorder()
  recorder.observe('ApiLatency', NaN)
  recorder.observe('ApiLatency', -1)
  recorder.gauge('InboxDepth', NaN)
  recorder.count('Requests', NaN)
  recorder.count('Requests', -1)
  t.match(recorder.peek(), { counters: { Requests: 0 }, gauges: {}, series: new Map() })
  for (let n = 0; n < 10_000; n++) recorder.observe('ApiLatency', 1, `GET /${n}`)
  t.equal(recorder.peek().series.size, 200)
})

t.test('history keeps an hour', async (t) => {
  const { recorder, advance, clock } = createTestRecorder()
  const history = createHistory(clock)
  for (let minute = 0; minute < 90; minute++) {
    recorder.count('Requests')
    recorder.observe('ApiLatency', minute < 45 ? 1 : 100)
    recorder.gauge('InboxDepth', minute)
    advance(60_000)
    history.add(recorder.take())
  }
  recorder.count('Requests', 5)
  const windows = history.read(recorder.peek())
  t.equal(windows.length, 61)
  t.match(sumWindows(windows), { counters: { Requests: 65 }, gauges: { InboxDepth: 89 } })
  const { total, windows: shown } = toStats(windows)
  t.equal(shown.at(-1)?.requests.total, 5)
  t.match(total, {
    from: '1970-01-01T00:30:01.000Z',
    requests: { total: 65, latency_ms: { count: 60 } },
    inbox: { depth: 89, depth_capped: null, oldest_age_seconds: null },
  })
  t.ok(Math.abs(total.requests.latency_ms.p50! / 100 - 1) < 0.05)
  t.strictSame(shown.at(-1)?.requests.latency_ms, { count: 0, p50: null, p95: null, p99: null })
})

t.test('a warning comes at most once a minute', async (t) => {
  let now = 0
  const warned: unknown[] = []
  const warn = warnSeldom(
    (error) => warned.push(error),
    () => now,
  )
  for (now = 0; now < 180_000; now += 1_000) warn(now)
  t.strictSame(warned, [0, 60_000, 120_000])
})
