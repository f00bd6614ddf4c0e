import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import t from 'tap'
import { createSigner, type Credentials } from '../../../src/dynamodb/wire/signature.ts'
import { createWireClient } from '../../../src/dynamodb/wire/wire-client.ts'
import { ok, startWireServer } from '../../support/wire-server.ts'

const ENDPOINT = {
  origin: 'https://dynamodb.eu-west-1.amazonaws.com',
  host: 'dynamodb.eu-west-1.amazonaws.com',
  path: '/',
  region: 'eu-west-1',
}
const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const { sha256 } = new DynamoDBClient({ region: 'local' }).config

interface Request {
  endpoint: typeof ENDPOINT
  credentials: Credentials
  operation: string
  body: string
  nowMs: number
}

/** What the SDK's own signer makes of the request, with the same headers. */
async function signBySdk({ endpoint, credentials, operation, body, nowMs }: Request) {
  const { host, path, region } = endpoint
  const signer = new SignatureV4({ service: 'dynamodb', region, credentials, sha256, applyChecksum: false })
  const { headers } = await signer.sign(
    {
      method: 'POST',
      protocol: 'https:',
      hostname: host,
      path,
      query: {},
      headers: {
        host,
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
      },
      body,
    },
    { signingDate: new Date(nowMs) },
  )
  return headers
}

function signHere({ endpoint, credentials, operation, body, nowMs }: Request, signer?: { sign: Sign }) {
  const list = (signer ?? createSigner(endpoint, credentials)).sign(operation, body, nowMs)
  const pairs = Array.from({ length: list.length / 2 }, (_, n) => list.slice(2 * n, 2 * n + 2))
  return Object.fromEntries(pairs) as Record<string, string>
}
type Sign = ReturnType<typeof createSigner>['sign']

const token = fc.stringMatching(/^[A-Za-z0-9+/=_-]{1,300}$/)
const credentials = fc.record(
  { accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,128}$/), secretAccessKey: token, sessionToken: token },
  { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
)
const endpoint = fc.record({
  origin: fc.constant(''),
  host: fc.constantFrom('dynamodb.eu-west-1.amazonaws.com', '127.0.0.1:8000', '[::1]:4566', 'localhost'),
  path: fc.constantFrom('/', '/proxy/', '/a%20b/~c/'),
  region: fc.constantFrom('eu-west-1', 'us-gov-east-1', 'local'),
})
const request = fc.record({
  endpoint,
  credentials,
  operation: fc.constantFrom('GetItem', 'BatchGetItem', 'PutItem'),
  body: fc.string({ unit: 'binary' }),
  nowMs: fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
})

t.test('every request is signed as the SDK signs it', async () => {
  await fc.assert(
    fc.asyncProperty(request, async (one) => {
      assert.deepEqual(signHere(one), await signBySdk(one))
    }),
    { numRuns: 200 },
  )
})

t.test('one signer lasts: over seconds, over midnight, over a clock that is set back', async (t) => {
  const signer = createSigner(ENDPOINT, CREDENTIALS)
  const midnight = Date.UTC(2026, 11, 31, 24)
  for (const offset of [-2_000, -1_001, -1_000, -1, 0, 1, 999, 1_000, 86_400_000, -1, -86_400_000]) {
    const nowMs = midnight + offset
    const one = { endpoint: ENDPOINT, credentials: CREDENTIALS, operation: 'Query', body: '{"é":1}', nowMs }
    t.strictSame(signHere(one, signer), await signBySdk(one), String(offset))
  }
})

t.test('an empty session token is none', async (t) => {
  const credentials = { ...CREDENTIALS, sessionToken: '' }
  const one = { endpoint: ENDPOINT, credentials, operation: 'GetItem', body: '{}', nowMs: 0 }
  t.strictSame(signHere(one), await signBySdk(one))
})

for (const sessionToken of [undefined, 'TOKEN/+==']) {
  t.test(`what arrives verifies, ${sessionToken ? 'with' : 'without'} a session token`, async (t) => {
    const server = await startWireServer(t, ok({}))
    const credentials = { ...CREDENTIALS, ...(sessionToken && { sessionToken }) }
    const client = new DynamoDBClient({
      endpoint: `${server.endpoint}/base`,
      region: 'eu-west-1',
      credentials,
    })
    const wire = createWireClient(client, { onThrottle: () => undefined, onEndpoint: () => undefined })
    t.teardown(() => wire.close())
    const signal = AbortSignal.timeout(5_000)
    await wire.putItem(
      { TableName: 't', Item: { pk: { S: '🙂é\u2028' }, b: { B: Buffer.from('ÿ') } } },
      signal,
    )
    await wire.query({ TableName: 't', KeyConditionExpression: 'pk = :pk' }, signal)
    t.equal(server.calls.length, 2)
    for (const { headers, body, operation, path } of server.calls) {
      const { host = '' } = headers
      t.equal(path, '/base/')
      t.equal(host, new URL(server.endpoint).host)
      const nowMs = Date.parse(String(headers['x-amz-date']).replace(/(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'))
      const endpoint = { ...ENDPOINT, host, path }
      const expected = await signBySdk({ endpoint, credentials, operation, body: body.toString(), nowMs })
      t.match(headers, expected)
      t.ok(Math.abs(Date.now() - nowMs) < 60_000)
    }
  })
}
