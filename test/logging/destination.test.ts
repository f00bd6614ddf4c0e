import { PassThrough } from 'node:stream'
import t from 'tap'
import { createLogDestination } from '../../src/logging/destination.ts'
import { createLogger } from '../../src/logging/logger.ts'

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

t.test('lines are gathered, and written soon', async (t) => {
  const stream = new PassThrough()
  const destination = createLogDestination({ stream, onDrop: () => t.fail('nothing is dropped') })
  destination.writeLine('one')
  destination.writeLine('two')
  t.equal(stream.read(), null)
  await delay(120)
  t.equal(String(stream.read()), 'one\ntwo\n')
  destination.writeLine('x'.repeat(70_000))
  t.equal(String(stream.read()).length, 70_001, 'many of them at once')
  destination.writeLine('last')
  destination.writeNow()
  destination.writeNow()
  t.equal(String(stream.read()), 'last\n')
  destination.writeLine('flushed')
  await destination.flush(1_000)
  t.equal(String(stream.read()), 'flushed\n')
})

t.test('a reader that does not read costs memory up to a bound, then lines; never time', async (t) => {
  const stream = new PassThrough({ highWaterMark: 1 })
  let drops = 0
  const destination = createLogDestination({ stream, maxBytes: 100_000, onDrop: () => drops++ })
  const line = `${'x'.repeat(999)}\n`
  const startedAt = performance.now()
  for (let n = 0; n < 10_000; n++) destination.write(line)
  t.ok(performance.now() - startedAt < 1_000)
  t.ok(stream.writableLength + stream.readableLength < 250_000)
  t.ok(drops > 9_000)
  const flushedAt = performance.now()
  await destination.flush(200)
  t.ok(performance.now() - flushedAt < 400, 'and the end does not wait for it')
})

t.test('a reader that went away is no reason to die', async (t) => {
  const stream = new PassThrough()
  let drops = 0
  const destination = createLogDestination({ stream, onDrop: () => drops++ })
  stream.destroy(new Error('EPIPE'))
  await delay(10)
  destination.writeLine('lost')
  await destination.flush(100)
  t.ok(drops > 0)
})

t.test('levels are words, times are those of the contract, errors come with their whole chain', async (t) => {
  const lines: Record<string, unknown>[] = []
  const logger = createLogger('info', {
    write: (line) => {
      lines.push(JSON.parse(line) as Record<string, unknown>)
    },
  })
  logger.debug('not this')
  const socket = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const aws = Object.assign(new AggregateError([socket, socket], 'both addresses', { cause: socket }), {
    $metadata: { requestId: 'AWS1', attempts: 3 },
    Item: { body: { S: 'PAYLOAD' } },
  })
  logger.error({ err: new Error('outer', { cause: aws }) }, 'failed')
  t.equal(lines.length, 1)
  t.match(lines[0], {
    level: 'error',
    time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    msg: 'failed',
    err: {
      type: 'Error',
      message: 'outer',
      stack: /destination\.test/,
      cause: {
        type: 'AggregateError',
        aws_request_id: 'AWS1',
        attempts: 3,
        cause: { message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
        errors: [{ code: 'ECONNREFUSED' }, { code: 'ECONNREFUSED' }],
      },
    },
  })
  t.notMatch(JSON.stringify(lines), 'PAYLOAD')

  const circle = new Error('circle')
  circle.cause = circle
  logger.error({ err: circle })
  logger.error({ err: 'a text with PAYLOAD' })
  t.match(lines.at(-1), { err: { type: 'string' } })
  t.notMatch(JSON.stringify(lines), 'PAYLOAD')
})
