import t from 'tap'
import type { DynamoDB } from '../../src/dynamodb/client.ts'
import { AppError, ERROR_STATUS, storeUnavailable } from '../../src/errors.ts'
import { toAppError, toEnvelope } from '../../src/plugins/error-envelope.ts'
import { buildTestApp } from '../support/app.ts'
import { sendRaw } from '../support/raw-http.ts'

const ANY = { method: 'GET', url: '/' }

t.test('a path with a broken percent-encoding is 400 in the envelope, without a key', async (t) => {
  const app = await buildTestApp(t)
  for (const url of ['/events/%', '/events/%zz', '/events/%ff', '/%E0%A4%A', '/events/%C0%AF/acknowledge']) {
    for (const method of ['GET', 'POST', 'PROPFIND'] as const) {
      const response = await app.inject({ method, url })
      t.equal(response.statusCode, 400, `${method} ${url}`)
      t.strictSame(response.json(), {
        error: 'invalid_request',
        message: 'The path is not a valid URL path.',
        request_id: response.headers['x-request-id'],
      })
    }
  }
})

t.test('malformed HTTP is 400 in the envelope, and ends the connection', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  const head = `POST /events HTTP/1.1\r\nHost: any\r\nAuthorization: ${app.acme.producer.authorization}\r\n`
  for (const [title, request] of [
    ['no HTTP', 'nonsense\r\n\r\n'],
    ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown method', 'FETCH /events HTTP/1.1\r\nHost: any\r\n\r\n'],
    ['a bare line feed', 'GET /health HTTP/1.1\nHost: any\n\n'],
    ['a space in the path', 'GET /hea lth HTTP/1.1\r\nHost: any\r\n\r\n'],
    ['a header without a colon', 'GET /health HTTP/1.1\r\nHost any\r\n\r\n'],
    ['a header with a NUL', 'GET /health HTTP/1.1\r\nHost: any\r\nX: a\0b\r\n\r\n'],
    ['a length that is none', `${head}Content-Length: ten\r\n\r\n`],
    ['two lengths', `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ['a length and chunks', `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    [
      'a broken chunk',
      `${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`,
    ],
  ] as const) {
    const response = await sendRaw(port, request, ANY)
    t.equal(response.status, 400, title)
    t.equal(response.headers['connection'], 'close', title)
    t.strictSame(
      JSON.parse(response.body),
      {
        error: 'invalid_request',
        message: 'This is not a valid HTTP request.',
        request_id: response.headers['x-request-id'],
      },
      title,
    )
  }
  const health = await app.inject({ url: '/health' })
  t.equal(health.statusCode, 200)
})

t.test('files of the documentation are no way to a 5xx', async (t) => {
  const app = await buildTestApp(t)
  const file = '/docs/static/swagger-ui.css'
  for (const [url, headers, status] of [
    [file, {}, 200],
    [file, { range: 'bytes=none' }, 400],
    [file, { range: 'bytes=999999999-' }, 400],
    [file, { 'if-match': '"another"' }, 400],
    [file, { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 400],
    ['/docs/static/%00', {}, 400],
    ['/docs/static/%5c..%5c..%5cpackage.json', {}, 400],
    ['/docs/static/..%2f..%2fpackage.json', {}, 404],
    [`/docs/static/${'x'.repeat(5_000)}`, {}, 400],
  ] as const) {
    const response = await app.inject({ url, headers })
    t.equal(response.statusCode, status, `${url.slice(0, 60)} ${JSON.stringify(headers)}`)
  }
})

t.test('headers or a URL that are too long are 431 in the envelope', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  const many = Array.from({ length: 3_000 }, (_, n) => `x-${n}: 1\r\n`).join('')
  for (const [title, request] of [
    ['one long header', `GET /health HTTP/1.1\r\nHost: any\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['many headers', `GET /health HTTP/1.1\r\nHost: any\r\n${many}\r\n`],
    ['a long URL', `GET /events/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: any\r\n\r\n`],
  ] as const) {
    const response = await sendRaw(port, request, ANY)
    t.equal(response.status, 431, title)
    t.strictSame(JSON.parse(response.body), {
      error: 'headers_too_large',
      message: 'The URL and the headers are too long.',
      request_id: response.headers['x-request-id'],
    })
  }
})

t.test('an id as long as the headers may be is not found like any other', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  const url = `/events/${'x'.repeat(15_000)}`
  const response = await sendRaw(
    port,
    `GET ${url} HTTP/1.1\r\nHost: any\r\nAuthorization: ${app.acme.producer.authorization}\r\n` +
      'X-Request-Id: same\r\nConnection: close\r\n\r\n',
    { method: 'GET', url },
  )
  t.equal(response.status, 404)
  t.equal(response.body, '{"error":"not_found","message":"There is no such event.","request_id":"same"}')
})

t.test('clients that send slowly are 408 in the envelope', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  const { server } = app.fastify
  t.strictSame(
    [server.headersTimeout, server.requestTimeout, server.keepAliveTimeout],
    [5_000, 8_000, 72_000],
    'limits for slow clients are set, and idle connections outlive the load balancer’s 60 s',
  )
  server.headersTimeout = 10
  server.requestTimeout = 20
  const responses = await Promise.all([
    sendRaw(port, 'GET /health HTTP/1.1\r\nHost: any\r\n', ANY),
    sendRaw(
      port,
      `POST /events HTTP/1.1\r\nHost: any\r\nAuthorization: ${app.acme.producer.authorization}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"event_type":',
      { method: 'POST', url: '/events' },
    ),
  ])
  for (const response of responses) {
    t.equal(response.status, 408)
    t.equal(response.headers['connection'], 'close')
    t.strictSame(JSON.parse(response.body), {
      error: 'request_timeout',
      message: 'The request did not arrive in time.',
      request_id: response.headers['x-request-id'],
    })
  }
})

t.test('a body that is larger than it may be is 413, announced or not', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  const head =
    `POST /events HTTP/1.1\r\nHost: any\r\nAuthorization: ${app.acme.producer.authorization}\r\n` +
    'Content-Type: application/json\r\nConnection: close\r\n'
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  for (const request of [
    `${head}Content-Length: 262145\r\n\r\n`,
    `${head}Content-Length: 99999999999\r\n\r\n`,
    `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(5)}0\r\n\r\n`,
  ]) {
    const response = await sendRaw(port, request, { method: 'POST', url: '/events' })
    t.equal(response.status, 413)
    t.strictSame(JSON.parse(response.body), {
      error: 'payload_too_large',
      message: 'The body is larger than 262144 bytes.',
      request_id: response.headers['x-request-id'],
    })
  }
})

t.test('a chunked body is taken like any other', async (t) => {
  const app = await buildTestApp(t)
  const port = await app.listen()
  const chunks = ['{"event_type":"a",', '"payload":{"n":', '1}}']
  const response = await sendRaw(
    port,
    `POST /events HTTP/1.1\r\nHost: any\r\nAuthorization: ${app.acme.producer.authorization}\r\n` +
      'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n' +
      chunks.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('') +
      '0\r\n\r\n',
    { method: 'POST', url: '/events' },
  )
  t.equal(response.status, 201)
})

t.test('a store that does not answer is 503 with Retry-After on every data route', async (t) => {
  const reason = 'connect ECONNREFUSED of arn:aws:dynamodb:eu-central-1:1:table/secret-table'
  const fail = () => Promise.reject(storeUnavailable(new Error(reason)))
  let isDown = false
  const app = await buildTestApp(t, {
    intercept: (dynamodb): DynamoDB => ({
      getItem: (...call) => (isDown ? fail() : dynamodb.getItem(...call)),
      query: fail,
      putItem: fail,
      updateItem: fail,
      batchGetItem: fail,
    }),
  })
  const { admin } = app.acme
  t.equal((await app.inject({ url: '/events/evt_x', headers: admin })).statusCode, 404, 'the key is known')
  isDown = true
  const event = { event_type: 'order.created', payload: { secret: 'payload' } }
  const id = `evt_${'0'.repeat(26)}`
  for (const request of [
    { method: 'POST', url: '/events', payload: event },
    { method: 'POST', url: '/events', payload: event, headers: { 'idempotency-key': 'a' } },
    { method: 'GET', url: '/events' },
    { method: 'GET', url: '/events?status=pending' },
    { method: 'GET', url: `/events/${id}` },
    { method: 'GET', url: '/inbox' },
    { method: 'POST', url: `/events/${id}/acknowledge` },
  ] as const) {
    app.logs.length = 0
    const headers = 'headers' in request ? request.headers : {}
    const response = await app.inject({ ...request, headers: { ...headers, ...admin } })
    t.equal(response.statusCode, 503, request.url)
    t.equal(response.headers['retry-after'], '1', request.url)
    t.strictSame(response.json(), {
      error: 'unavailable',
      message: 'The event store does not answer now. Try again.',
      request_id: response.headers['x-request-id'],
    })
    const line = app.logs.find(({ msg }) => msg === 'request failed')
    t.equal(line?.['request_id'], response.headers['x-request-id'])
    t.ok(JSON.stringify(line).includes(reason), 'the log line has the reason')
    t.notOk(JSON.stringify(app.logs).includes('payload'), 'no log line has the payload')
  }
})

t.test('what nobody foresaw is 500, and tells nothing but its request id', async (t) => {
  const reason = 'table secret-table of arn:aws:dynamodb: key trg_0'
  const app = await buildTestApp(t, {
    intercept: (dynamodb): DynamoDB => ({
      ...dynamodb,
      query: () => Promise.reject(new TypeError(reason)),
    }),
  })
  const response = await app.inject({ url: '/inbox', headers: app.acme.consumer })
  t.equal(response.statusCode, 500)
  t.strictSame(response.json(), {
    error: 'internal_error',
    message: 'Something went wrong on our side.',
    request_id: response.headers['x-request-id'],
  })
  const failures = app.logs.filter(({ msg }) => msg === 'request failed')
  t.strictSame(
    failures.map(({ level, request_id }) => ({ level, request_id })),
    [{ level: 50, request_id: response.headers['x-request-id'] }],
  )
  t.ok(JSON.stringify(failures).includes(reason), 'the cause is logged')
})

t.test('whatever is thrown becomes an error of the contract', async (t) => {
  const ours = new AppError('conflict', 'It is so.', { details: [{ field: 'a', message: 'b', code: 'c' }] })
  t.equal(toAppError(ours), ours)
  for (const thrown of [new Error('x'), 'text', null, undefined, 42, {}, { code: 7 }]) {
    const { code, message, headers, details, cause } = toAppError(thrown)
    t.strictSame(
      { code, message, headers, details },
      { code: 'internal_error', message: 'Something went wrong on our side.', headers: {}, details: [] },
      JSON.stringify(thrown),
    )
    t.equal(cause, thrown)
  }
})

t.test('an envelope has details only where there are some', async (t) => {
  const details = [{ field: 'a', message: 'b', code: 'c' }]
  t.strictSame(toEnvelope(new AppError('invalid_request', 'm', { details }), 'r'), {
    error: 'invalid_request',
    message: 'm',
    details,
    request_id: 'r',
  })
  t.strictSame(toEnvelope(new AppError('not_found', 'm'), 'r'), {
    error: 'not_found',
    message: 'm',
    request_id: 'r',
  })
})

t.test('the codes are those of the contract', async (t) => {
  t.strictSame(ERROR_STATUS, {
    invalid_request: 400,
    invalid_cursor: 400,
    unauthorized: 401,
    insufficient_scope: 403,
    not_found: 404,
    method_not_allowed: 405,
    request_timeout: 408,
    conflict: 409,
    lease_lost: 409,
    payload_too_large: 413,
    uri_too_long: 414,
    unsupported_media_type: 415,
    idempotency_key_reused: 422,
    rate_limited: 429,
    headers_too_large: 431,
    internal_error: 500,
    unavailable: 503,
  })
})
