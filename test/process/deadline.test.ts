import { readFile } from 'node:fs/promises'
import t from 'tap'
import { createHttpClient } from '../support/service.ts'
import { startObservedService } from '../support/observed-service.ts'

const DEADLINE_MS = 500
/** Far less than the attempts of one call to the store may take, and time enough for a busy machine. */
const WITHIN_MS = 3_500

/** A body that each route takes. */
const ID = 'evt_01jd8x5q3v7k2m9n4p6r8s0t1w'
const LEASE_ID = `lease_${'0'.repeat(32)}`
const BODIES: Record<string, object> = {
  createEvent: { event_type: 'a', payload: {} },
  createEvents: {
    events: [
      { event_type: 'a', payload: {} },
      { event_type: 'b', payload: {} },
    ],
  },
  claimEvents: { limit: 10 },
  extendLease: { lease_id: LEASE_ID, event_ids: [ID] },
  releaseEvents: { lease_id: LEASE_ID, event_ids: [ID] },
  acknowledgeEvents: { event_ids: [ID, ID.replace('0t', '1t')] },
  nackEvent: {},
}

interface Operation {
  operationId: string
  security: object[]
}

t.test('while the store takes calls and never answers, every route is done at its deadline', async (t) => {
  const service = await startObservedService(t, { REQUEST_DEADLINE_MS: String(DEADLINE_MS) })
  const call = createHttpClient(t)
  const document = JSON.parse(
    await readFile(new URL('../../openapi/openapi.json', import.meta.url), 'utf8'),
  ) as { paths: Record<string, Record<string, Operation>> }
  t.equal(
    (await call('GET', `${service.url}/events/${ID}`, service.keys.admin)).status,
    404,
    'the key is known',
  )
  service.proxy.faults = { blackHole: true }

  const operations = Object.entries(document.paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => ({ path, verb, ...operation })),
  )
  t.ok(operations.length > 15)
  await Promise.all(
    operations.map(async ({ path, verb, operationId }) => {
      const url = service.url + path.replace('{event_id}', ID)
      const startedAt = Date.now()
      const body = verb === 'post' ? (BODIES[operationId] ?? {}) : undefined
      const { status, headers, body: answer } = await call(verb.toUpperCase(), url, service.keys.admin, body)
      const ms = Date.now() - startedAt
      t.ok(ms < WITHIN_MS, `${operationId}: ${ms} ms`)
      if (['getHealth', 'getReadiness', 'getOpenApi', 'getStats'].includes(operationId)) {
        t.equal(status, 200, operationId)
      } else if (operationId === 'createEvents' || operationId === 'acknowledgeEvents') {
        // Each member has the status that it would have had alone.
        t.match(JSON.stringify(answer), /unavailable|503/, operationId)
      } else {
        t.equal(status, 503, `${operationId}: ${JSON.stringify(answer)}`)
        t.equal(headers['retry-after'], '1', operationId)
      }
    }),
  )
})
