import t from 'tap'
import { toData } from '../../src/metrics/data.ts'
import { createEmfSink } from '../../src/metrics/emf-sink.ts'
import { METRICS } from '../../src/metrics/names.ts'
import { createRecorder } from '../../src/metrics/recorder.ts'

interface Document {
  _aws: {
    Timestamp: number
    CloudWatchMetrics: {
      Namespace: string
      Dimensions: string[][]
      Metrics: { Name: string; Unit: string }[]
    }[]
  }
  [name: string]: unknown
}

async function linesOf(record: (recorder: ReturnType<typeof createRecorder>) => void): Promise<Document[]> {
  const recorder = createRecorder(Date.now)
  record(recorder)
  const lines: string[] = []
  const sink = createEmfSink({
    namespace: 'n',
    isHighResolution: false,
    writeLine: (line) => lines.push(line),
  })
  t.equal(await sink.send({ at: 5, data: toData(recorder.take()) }, new AbortController().signal), 0)
  sink.close()
  return lines.map((line) => JSON.parse(line) as Document)
}

t.test('a flush is one line, and one for each value of a dimension', async (t) => {
  const documents = await linesOf((recorder) => {
    recorder.count('EventCreated', 3)
    recorder.observe('ApiLatency', 10, 'GET /inbox')
    recorder.observe('ApiLatency', 1000, 'GET /inbox')
  })
  t.equal(documents.length, 2)
  t.match(documents[0], {
    _aws: { Timestamp: 5, CloudWatchMetrics: [{ Namespace: 'n', Dimensions: [[]] }] },
    EventCreated: 3,
    EventFailed: 0,
    ApiLatency: { Counts: [1, 1] },
  })
  t.match(documents[1], {
    _aws: {
      CloudWatchMetrics: [
        { Dimensions: [['Route']], Metrics: [{ Name: 'ApiLatency', Unit: 'Milliseconds' }] },
      ],
    },
    Route: 'GET /inbox',
  })
})

t.test('each line keeps the limits of the format, and every metric has its target', async (t) => {
  const documents = await linesOf((recorder) => {
    for (let ms = 0.04; ms < 60_000; ms *= 1.02) recorder.observe('ApiLatency', ms)
  })
  let values = 0
  for (const document of documents) {
    for (const { Name, Unit } of document._aws.CloudWatchMetrics[0]!.Metrics) {
      t.equal(Unit, METRICS[Name as keyof typeof METRICS].unit)
      const target = document[Name] as number | { Values: number[]; Counts: number[] }
      if (typeof target === 'number') continue
      t.ok(target.Values.length <= 100)
      t.equal(target.Counts.length, target.Values.length)
      values += target.Values.length
    }
  }
  t.ok(values > 100, 'of more than a hundred values none is lost')
  t.equal(documents.length, 2)
})
