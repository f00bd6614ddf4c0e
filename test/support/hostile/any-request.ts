import fc, { type Arbitrary } from 'fast-check'
import { METHODS } from 'node:http'
import { operations } from './document.ts'
import type { Outgoing } from './ground.ts'
import type { KnownValues } from './values.ts'

/** Headers that something on the way reads; those that frame a message are mangled as raw bytes elsewhere. */
const HEADERS = [
  ...[
    'content-type',
    'content-encoding',
    'authorization',
    'idempotency-key',
    'x-request-id',
    'cookie',
    'accept',
  ],
  ...[
    'accept-encoding',
    'accept-version',
    'range',
    'if-match',
    'if-none-match',
    'if-modified-since',
    'origin',
  ],
  ...[
    'traceparent',
    'tracestate',
    'baggage',
    'x-amzn-trace-id',
    'x-forwarded-for',
    'x-forwarded-proto',
    'forwarded',
  ],
  ...['x-http-method-override', 'x-original-url', 'access-control-request-method', 'user-agent'],
]

/** CONNECT is no request to a path: Node closes its connection. */
const methods = METHODS.filter((method) => method !== 'CONNECT')

/** What Node's client sends in a header. */
const latin1 = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
})
const headerValue = fc.oneof(
  latin1,
  fc.constantFrom('application/json', 'gzip', '*', 'bytes=0-', '00-0-0-00', '0'),
)

function anyPath({ event_id: ids = [] }: KnownValues): Arbitrary<string> {
  const id = fc.oneof(
    fc.constantFrom('evt_', '..', '%00', '%2e%2e%2f', ...ids),
    fc.string().map(encodeURIComponent),
  )
  const known = fc
    .tuple(fc.constantFrom(...operations.map(({ path }) => path), '/docs/static/{event_id}', '/docs'), id)
    .map(([path, value]) => path.replace('{event_id}', value))
  const unknown = fc.webPath({ size: 'small' }).map((path) => (path.startsWith('/') ? path : `/${path}`))
  return fc.oneof({ weight: 4, arbitrary: known }, { weight: 1, arbitrary: unknown })
}

function anyBody(): Arbitrary<string | Buffer | undefined> {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))
  return fc.option(fc.oneof(fc.json(), fc.string(), bytes), { nil: undefined })
}

/** A well-formed HTTP request of any method to any path with any header, query and body. */
export function anyRequest(known: KnownValues): Arbitrary<Outgoing> {
  const query = fc.oneof(
    fc.constant(''),
    fc.webQueryParameters().map((text) => `?${text}`),
  )
  return (
    fc
      .record({
        method: fc.oneof(fc.constantFrom('GET', 'POST'), fc.constantFrom(...methods)),
        url: fc.tuple(anyPath(known), query).map((parts) => parts.join('')),
        headers: fc.dictionary(fc.constantFrom(...HEADERS), headerValue, { maxKeys: 5 }),
        body: anyBody(),
      })
      // Node's client would frame such a body in a way of its own.
      .map(({ body, ...rest }) =>
        ['GET', 'HEAD'].includes(rest.method) ? { ...rest, body: undefined } : { ...rest, body },
      )
  )
}
