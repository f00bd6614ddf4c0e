import t from 'tap'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import { buildTestApp } from '../support/app.ts'

/** A table that nobody reaches: whoever asks it fails the test. */
function neverAsked(): DynamoDB {
  const fail = async () => {
    throw new Error('DynamoDB was asked')
  }
  return { getItem: fail, batchGetItem: fail, query: fail, putItem: fail, updateItem: fail }
}

t.test('health and readiness are public and ask nothing of DynamoDB', async (t) => {
  const app = await buildTestApp(t, { intercept: neverAsked })
  for (const headers of [{}, { authorization: 'Bearer nonsense' }]) {
    const health = await app.inject({ url: '/health', headers })
    t.equal(health.statusCode, 200)
    t.strictSame(health.json(), { status: 'ok' })

    const ready = await app.inject({ url: '/ready', headers })
    t.equal(ready.statusCode, 200)
    t.strictSame(ready.json(), { status: 'ready' })
  }
})

t.test('a draining process is healthy, serves, and is not ready', async (t) => {
  const app = await buildTestApp(t)
  app.drain.isDraining = true

  const ready = await app.inject({ url: '/ready' })
  t.equal(ready.statusCode, 503)
  t.equal(ready.headers['retry-after'], '1')
  t.strictSame(ready.json(), {
    error: 'unavailable',
    message: 'The process takes no new work.',
    request_id: ready.headers['x-request-id'],
  })
  const health = await app.inject({ url: '/health' })
  t.equal(health.statusCode, 200)
  const listed = await app.inject({ url: '/events', headers: app.acme.producer })
  t.equal(listed.statusCode, 200)
  t.not(listed.headers['connection'], 'close')
})

t.test('a closing process asks with each answer to be left', async (t) => {
  const app = await buildTestApp(t)
  app.drain.isClosing = true
  for (const [url, headers, status] of [
    ['/health', {}, 200],
    ['/events', app.acme.producer, 200],
    ['/events', {}, 401],
    ['/nowhere', {}, 404],
  ] as const) {
    const response = await app.inject({ url, headers })
    t.equal(response.statusCode, status)
    t.equal(response.headers['connection'], 'close', url)
  }
})
