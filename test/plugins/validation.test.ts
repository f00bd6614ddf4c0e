import t from 'tap'
import { buildTestApp } from '../support/app.ts'

t.test('the faults of headers, query and body are listed at once', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({
    method: 'POST',
    url: '/events?dry_run=1&x=2',
    headers: { ...app.acme.producer, 'idempotency-key': 'a b', 'content-type': 'application/json' },
    payload: '{"payload":{"n":9007199254740993},"metadata":[],"extra":null}',
  })
  t.equal(response.statusCode, 400)
  t.strictSame(response.json(), {
    error: 'invalid_request',
    message: 'The request has 7 invalid fields.',
    details: [
      { field: 'Idempotency-Key', message: 'must match ^[\\x21-\\x7e]{1,255}$', code: 'pattern' },
      { field: 'dry_run', message: 'is not known here', code: 'unknown' },
      { field: 'x', message: 'is not known here', code: 'unknown' },
      {
        field: 'payload.n',
        message: 'is an integer beyond ±(2^53−1), which JSON clients round',
        code: 'integer_out_of_range',
      },
      { field: 'event_type', message: 'is required', code: 'required' },
      { field: 'extra', message: 'is not known here', code: 'unknown' },
      { field: 'metadata', message: 'must be object or null', code: 'type' },
    ],
    request_id: response.headers['x-request-id'],
  })
})

t.test('a body that cannot be read does not hide the faults of headers and query', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({
    method: 'POST',
    url: '/events?x=1',
    headers: { ...app.acme.producer, 'idempotency-key': '', 'content-type': 'application/json' },
    payload: '{',
  })
  t.equal(response.statusCode, 400)
  t.strictSame(response.json(), {
    error: 'invalid_request',
    message: 'The request has 3 invalid fields.',
    details: [
      { field: 'Idempotency-Key', message: 'must match ^[\\x21-\\x7e]{1,255}$', code: 'pattern' },
      { field: 'x', message: 'is not known here', code: 'unknown' },
      { field: 'body', message: 'is not valid JSON', code: 'invalid_json' },
    ],
    request_id: response.headers['x-request-id'],
  })
})

t.test('names of Object are parameters like any other', async (t) => {
  const app = await buildTestApp(t)
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '%5F_proto__']) {
    const response = await app.inject({ url: `/events?${name}=1`, headers: app.acme.producer })
    t.equal(response.statusCode, 400, name)
    t.strictSame(response.json(), {
      error: 'invalid_request',
      message: 'The request has an invalid field.',
      details: [{ field: decodeURIComponent(name), message: 'is not known here', code: 'unknown' }],
      request_id: response.headers['x-request-id'],
    })
  }
})

t.test('members missing from a body are not found on Object', async (t) => {
  const app = await buildTestApp(t)
  const response = await app.inject({
    method: 'POST',
    url: '/events',
    headers: { ...app.acme.producer, 'content-type': 'application/json' },
    payload: '{"constructor":1,"toString":2}',
  })
  t.equal(response.statusCode, 400)
  t.strictSame(response.json(), {
    error: 'invalid_request',
    message: 'The request has 4 invalid fields.',
    details: [
      { field: 'event_type', message: 'is required', code: 'required' },
      { field: 'payload', message: 'is required', code: 'required' },
      { field: 'constructor', message: 'is not known here', code: 'unknown' },
      { field: 'toString', message: 'is not known here', code: 'unknown' },
    ],
    request_id: response.headers['x-request-id'],
  })
})

t.test('no fault repeats the value', async (t) => {
  const app = await buildTestApp(t)
  const secret = 'sk_live_42'
  const response = await app.inject({
    method: 'POST',
    url: `/events?x=${secret}`,
    headers: { ...app.acme.producer, 'idempotency-key': `${secret} ` + secret },
    payload: { event_type: `?${secret}`, payload: secret, metadata: secret },
  })
  t.equal(response.statusCode, 400)
  t.notOk(response.body.includes(secret))
})
