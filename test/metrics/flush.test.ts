import t from 'tap'
import type { Datum } from '../../src/metrics/data.ts'
import { createFlusher } from '../../src/metrics/flush.ts'
import { createRecorder } from '../../src/metrics/recorder.ts'
import type { Batch, Sink } from '../../src/metrics/sink.ts'

function createTestSink() {
  const state = {
    batches: [] as Batch[],
    send: (async () => 0) as Sink['send'],
    isClosed: false,
  }
  const sink: Sink = {
    async send(batch, signal) {
      const lost = await state.send(batch, signal)
      state.batches.push(batch)
      return lost
    },
    close: () => {
      state.isClosed = true
    },
  }
  return { state, sink }
}

function startTestFlusher(intervalMs = 3_600_000) {
  const { state, sink } = createTestSink()
  const recorder = createRecorder(Date.now)
  const failures: unknown[] = []
  const flusher = createFlusher({
    recorder,
    sink,
    intervalMs,
    random: () => 0.5,
    onWindow: () => undefined,
    onFailure: (error) => failures.push(error),
  })
  return { state, recorder, flusher, failures }
}

const valueOf = (batch: Batch | undefined, name: string) =>
  batch?.data.find((datum: Datum) => datum.name === name)?.values[0]
const fail = async () => {
  throw new Error('CloudWatch is away')
}
const hang = (_batch: Batch, signal: AbortSignal) =>
  new Promise<number>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('aborted'))
    })
  })

t.test('a window that did not arrive goes along with the next one, once', async (t) => {
  const { state, recorder, flusher, failures } = startTestFlusher()
  state.send = fail
  recorder.count('EventCreated', 1)
  recorder.observe('ApiLatency', 5)
  await flusher.flush()
  state.send = async () => 0
  recorder.count('EventCreated', 2)
  recorder.observe('ApiLatency', 5)
  await flusher.flush()
  t.equal(valueOf(state.batches[0], 'EventCreated'), 3)
  t.strictSame(state.batches[0]?.data.find(({ name }) => name === 'ApiLatency')?.counts, [2])
  t.equal(valueOf(state.batches[0], 'MetricsDropped'), 0)
  await flusher.flush()
  t.equal(valueOf(state.batches[1], 'EventCreated'), 0)
  t.equal(failures.length, 1)
})

t.test('what did not arrive twice is dropped and counted', async (t) => {
  const { state, recorder, flusher } = startTestFlusher()
  state.send = fail
  for (const events of [1, 2, 4]) {
    recorder.count('EventCreated', events)
    await flusher.flush()
  }
  state.send = async () => 0
  await flusher.flush()
  t.equal(valueOf(state.batches[0], 'EventCreated'), 4, 'the last window alone is left')
  t.ok(valueOf(state.batches[0], 'MetricsDropped')! > 0, 'and the loss is told')
})

t.test('data that a sink lost on the way are counted', async (t) => {
  const { state, flusher } = startTestFlusher()
  state.send = async () => 3
  await flusher.flush()
  state.send = async () => 0
  await flusher.flush()
  t.equal(valueOf(state.batches[1], 'MetricsDropped'), 3)
})

t.test('it sends each interval, one flush at a time', async (t) => {
  const { state, recorder, flusher } = startTestFlusher(20)
  let underWay = 0
  let most = 0
  state.send = async () => {
    most = Math.max(most, ++underWay)
    await new Promise((resolve) => setTimeout(resolve, 30))
    underWay--
    return 0
  }
  recorder.count('Requests')
  await new Promise((resolve) => setTimeout(resolve, 250))
  await flusher.flush()
  t.ok(state.batches.length >= 2)
  t.equal(most, 1)
  await flusher.stop(1_000)
  const sent = state.batches.length
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.equal(state.batches.length, sent, 'and no more once it is stopped')
  t.ok(state.isClosed)
})

t.test('what is on its way when it stops arrives once', async (t) => {
  const { state, recorder, flusher } = startTestFlusher()
  const arrived = Promise.withResolvers<number>()
  state.send = async (_batch, signal) => {
    signal.throwIfAborted()
    const cut = Promise.withResolvers<number>()
    signal.addEventListener('abort', () => {
      cut.reject(new Error('aborted'))
    })
    return Promise.race([arrived.promise, cut.promise])
  }
  recorder.count('EventCreated', 3)
  void flusher.flush()
  const stopped = flusher.stop(10_000)
  recorder.count('EventCreated', 4)
  arrived.resolve(0)
  await stopped
  t.strictSame(
    state.batches.map((batch) => valueOf(batch, 'EventCreated')),
    [3, 4],
  )
})

t.test('it stops in time, whatever the sink does, and sends what is left', async (t) => {
  const { state, recorder, flusher } = startTestFlusher()
  state.send = hang
  recorder.count('EventCreated')
  const flushing = flusher.flush()
  const startedAt = Date.now()
  const stopped = flusher.stop(500)
  await flushing
  t.ok(Date.now() - startedAt < 450, 'a flush under way is given up in the middle')
  await stopped
  t.ok(Date.now() - startedAt < 700)

  const other = startTestFlusher()
  other.recorder.count('EventCreated')
  await other.flusher.stop(500)
  t.equal(valueOf(other.state.batches[0], 'EventCreated'), 1)
})
