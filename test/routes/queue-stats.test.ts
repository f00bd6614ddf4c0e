import t from 'tap'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import {
  buildTestApp,
  givenAcknowledged,
  givenEvent,
  givenEvents,
  RETENTION_MS,
  type TestApp,
} from '../support/app.ts'
import { claim, faultsOf, givenClaim, givenFailed, post } from '../support/queue.ts'

const NOON = '2026-11-23T12:00:00.000Z'
const EMPTY = {
  available: 0,
  delayed: 0,
  leased: 0,
  failed: 0,
  oldest_available_age_seconds: null,
  capped: false,
}

async function stats(app: TestApp): Promise<typeof EMPTY> {
  const response = await app.inject({ url: '/inbox/stats', headers: app.acme.consumer })
  if (response.statusCode !== 200) throw new Error(`Answered ${response.statusCode}: ${response.body}`)
  return response.json()
}

t.test('every event is counted by what can be done with it now', async (t) => {
  const app = await buildTestApp(t)
  app.clock.set(NOON)
  t.strictSame(await stats(app), EMPTY)
  const [, rejected, failed, delivered] = await givenEvents(app, 5)
  await givenEvent(app, { delay_seconds: 60 })
  await givenEvent(app, {}, app.globex)
  t.strictSame(await stats(app), { ...EMPTY, available: 5, delayed: 1, oldest_available_age_seconds: 0 })

  await givenClaim(app, { limit: 1 })
  app.clock.advance(2_500)
  await post(app, `/events/${rejected!.event_id}/nack`, app.acme.consumer, { delay_seconds: 60 })
  await givenFailed(app, failed!)
  await givenAcknowledged(app, delivered!)
  const now = { ...EMPTY, available: 1, delayed: 2, leased: 1, failed: 1, oldest_available_age_seconds: 2.5 }
  t.strictSame(await stats(app), now)

  app.clock.set('2026-11-23T12:00:31.000Z')
  t.strictSame(
    await stats(app),
    { ...now, available: 2, leased: 0, oldest_available_age_seconds: 31 },
    'lapsed',
  )
  await claim(app)
  t.strictSame(await stats(app), {
    ...now,
    available: 0,
    leased: 2,
    oldest_available_age_seconds: null,
  })
  app.clock.advance(120_000)
  await claim(app)
  app.clock.advance(RETENTION_MS)
  t.equal((await stats(app)).failed, 0, 'what has expired is not there')
})

/** Looks at the answers to counting queries before the service does. */
const withCounts =
  (change: (count: number) => number) =>
  (dynamodb: DynamoDB): DynamoDB => ({
    ...dynamodb,
    query: async (input, signal) => {
      const answer = await dynamodb.query(input, signal)
      return input.Select === 'COUNT' ? { ...answer, Count: change(answer.Count ?? 0) } : answer
    },
  })

t.test('numbers are exact up to 10,000, then they say so', async (t) => {
  for (const [found, available, capped] of [
    [9_999, 9_999, false],
    [10_000, 10_000, false],
    [10_001, 10_000, true],
    [2_000_000, 10_000, true],
  ] as const) {
    const app = await buildTestApp(t, { intercept: withCounts((count) => (count === 1 ? found : count)) })
    await givenEvent(app)
    const { oldest_available_age_seconds, ...counts } = await stats(app)
    t.strictSame(counts, { available, delayed: 0, leased: 0, failed: 0, capped })
    t.type(oldest_available_age_seconds, 'number')
  }
})

t.test('the cost is bounded: a shard of short pages is counted as far as the budget goes', async (t) => {
  let queries = 0
  const shortPages = (dynamodb: DynamoDB): DynamoDB => ({
    ...dynamodb,
    query: (input, signal) => {
      if (input.Select === 'COUNT') queries++
      return dynamodb.query(input.Select === 'COUNT' ? { ...input, Limit: 1 } : input, signal)
    },
  })
  const app = await buildTestApp(t, { intercept: shortPages })
  await givenEvents(app, 20)
  const { available, capped } = await stats(app)
  t.equal(capped, true)
  t.ok(available >= 1 && available < 20, String(available))
  t.ok(queries < 20, `${queries} queries`)
})

t.test('it takes no parameters', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({ url: '/inbox/stats?event_type=a', headers: app.acme.consumer })
  t.equal(response.statusCode, 400)
  t.strictSame(faultsOf(response), ['event_type unknown'])
})
