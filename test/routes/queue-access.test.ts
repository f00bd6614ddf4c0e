import t from 'tap'
import { ROLES, SCOPES, type Scope } from '../../src/domain/access.ts'
import { createKey } from '../../src/domain/key-management.ts'
import { buildTestApp, givenEvent, type TestApp } from '../support/app.ts'
import { faultsOf, givenFailed, post } from '../support/queue.ts'

interface Verb {
  method?: 'GET' | 'POST'
  url: string
  scope: Scope
  body?: object
}

/** Every verb of the queue with a body that it takes. */
function verbs(eventId: string): Verb[] {
  const one = { lease_id: 'lease_x', event_ids: [eventId] }
  return [
    { url: '/inbox/claim', scope: 'inbox:claim' },
    { url: '/inbox/extend', scope: 'inbox:claim', body: one },
    { url: '/inbox/release', scope: 'inbox:claim', body: one },
    { url: '/inbox/acknowledge', scope: 'inbox:ack', body: { event_ids: ['evt_1'] } },
    { url: '/inbox/redrive', scope: 'admin' },
    { url: '/inbox/stats', scope: 'inbox:read', method: 'GET' },
    { url: '/events/batch', scope: 'events:write', body: { events: [{ event_type: 'a', payload: {} }] } },
    { url: `/events/${eventId}/acknowledge`, scope: 'inbox:ack' },
    { url: `/events/${eventId}/nack`, scope: 'inbox:claim' },
    { url: `/events/${eventId}/redrive`, scope: 'admin' },
  ]
}

async function keyWith(app: TestApp, scopes: readonly Scope[]) {
  const wanted = { tenant: app.acme.name, scopes, name: null, valid_until: null }
  const { token } = await createKey(app.access, app.clock.now, wanted)
  return { authorization: `Bearer ${token}` }
}

const send = (app: TestApp, { method = 'POST', url, body }: Verb, headers: Record<string, string>) =>
  app.inject({ method, url, headers, ...(body ? { payload: body } : {}) })

t.test('each verb takes its own scope and no other', async (t) => {
  const app = await buildTestApp(t)
  const event = await givenEvent(app)
  await givenFailed(app, event)
  for (const verb of verbs(event.event_id)) {
    const others = await keyWith(
      app,
      SCOPES.filter((scope) => scope !== verb.scope),
    )
    const refused = await send(app, verb, others)
    t.equal(refused.statusCode, 403, `${verb.url} without ${verb.scope}`)
    t.strictSame(refused.json(), {
      error: 'insufficient_scope',
      message: `The key does not have the scope ${verb.scope}.`,
      request_id: refused.headers['x-request-id'],
    })
    const served = await send(app, verb, await keyWith(app, [verb.scope]))
    t.ok([200, 204, 409].includes(served.statusCode), `${verb.url}: ${served.statusCode} with ${verb.scope}`)
  }
})

t.test('403 depends on the scope alone, never on an id or a body', async (t) => {
  const app = await buildTestApp(t)
  for (const id of ['evt_1', 'x'.repeat(150), (await givenEvent(app, {}, app.globex)).event_id]) {
    for (const verb of ['acknowledge', 'nack', 'redrive']) {
      const response = await post(app, `/events/${id}/${verb}`, app.acme.producer, { nonsense: 1 })
      t.equal(response.statusCode, 403)
    }
  }
  t.equal((await post(app, '/inbox/redrive', app.acme.consumer)).statusCode, 403, 'consumers do not redrive')
  t.ok(!(ROLES.producer as readonly Scope[]).includes('inbox:claim'))
})

t.test('other methods are 405 with what there is, and need no key', async (t) => {
  const app = await buildTestApp(t)
  for (const { url, method: allowed = 'POST' } of verbs('evt_1')) {
    const response = await app.inject({ method: 'DELETE', url })
    t.equal(response.statusCode, 405, url)
    t.match(response.json(), { error: 'method_not_allowed' })
    t.ok(String(response.headers.allow).includes(allowed))
  }
  const claim = await app.inject({ method: 'GET', url: '/inbox/claim' })
  t.equal(claim.statusCode, 405)
  t.equal(claim.headers.allow, 'POST')
})

t.test('bodies are JSON, uncompressed and of 262,144 bytes at most; queries are refused', async (t) => {
  const app = await buildTestApp(t)
  const { event_id } = await givenEvent(app)
  for (const verb of verbs(event_id).filter(({ method }) => method === undefined)) {
    const { admin } = app.acme
    const text = await app.inject({
      method: 'POST',
      url: verb.url,
      headers: { ...admin, 'content-type': 'text/plain' },
      payload: '{}',
    })
    t.equal(text.statusCode, 415, verb.url)
    const packed = { ...admin, 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const gzip = await app.inject({ method: 'POST', url: verb.url, headers: packed, payload: '{}' })
    t.equal(gzip.statusCode, 415, verb.url)
    const query = await send(app, { ...verb, url: `${verb.url}?a=1` }, admin)
    t.equal(query.statusCode, 400, verb.url)
    t.strictSame(faultsOf(query), ['a unknown'])
    if (verb.url === '/events/batch') continue
    const headers = { ...admin, 'content-type': 'application/json' }
    const payload = '{}'.padEnd(262_145)
    const large = await app.inject({ method: 'POST', url: verb.url, headers, payload })
    t.equal(large.statusCode, 413, verb.url)
  }
})
