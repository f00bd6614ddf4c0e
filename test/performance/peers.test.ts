/**
 * What the benchmark compares with must do the same work: the same answers to the same requests, by the same calls to
 * DynamoDB, and with signatures that are real.
 */
import t from 'tap'
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { claimTenantOf, openFixture, type Fixture } from '../../bench/fixture.ts'
import { createSigner } from '../../bench/peers/floor/signature.ts'
import { startServer } from '../../bench/server-process.ts'
import { assertSameAnswers, smoke, type Transcript } from '../../bench/smoke.ts'
import { commandOf, type Variant } from '../../bench/variants.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts'

const COMPARED = ['floor', 'plain', 'ours, no tracing'] as const satisfies Variant[]
const CREDENTIALS = {
  region: 'eu-west-1',
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI' },
}
/** The table of this file. */
const TABLE = `peers-${process.pid}`
interface Observed {
  transcript: Transcript
  calls: Record<string, number>
}

const endpoint = await dynamoDBLocalEndpoint(t)

/** Looks up every key once, and waits until the process itself has nothing more to ask. */
async function warmUp(url: string, { keys }: Fixture, proxy: FaultProxy): Promise<void> {
  for (const key of Object.values(keys)) {
    await fetch(`${url}/events/evt_01jd8x5q3v7k2m9n4p6r8s0t10`, {
      headers: { authorization: `Bearer ${key}` },
    })
  }
  for (let seen = -1; seen !== proxy.count();) {
    seen = proxy.count()
    await delay(500)
  }
}

/** Runs the smoke test on a variant. @returns What it answered, and its calls by operation. */
async function observe(variant: Variant, fixture: Fixture): Promise<Observed> {
  const proxy = await startFaultProxy({ target: fixture.endpoint })
  const server = await startServer(
    commandOf(variant, { ...fixture, endpoint: proxy.endpoint }, proxy.endpoint),
  )
  try {
    await warmUp(server.url, fixture, proxy)
    const from = proxy.calls.length
    const transcript = await smoke(variant, server.url, fixture)
    const calls: Record<string, number> = {}
    for (const { operation } of proxy.calls.slice(from)) calls[operation] = (calls[operation] ?? 0) + 1
    return { transcript, calls }
  } finally {
    await server.stop()
    await proxy.stop()
  }
}

t.test('the same answers by the same calls', { skip: endpoint === undefined && 'no Java' }, async (t) => {
  const fixture = await openFixture(endpoint ?? '', TABLE)
  t.teardown(() => fixture.close())
  await fixture.fill('reads', 250)
  for (const variant of COMPARED) await fixture.fill(claimTenantOf(variant), 50, 'claimed before')
  let first: Observed | undefined
  for (const variant of COMPARED) {
    const seen = await observe(variant, fixture)
    first ??= seen
    assertSameAnswers(seen.transcript, first.transcript, variant)
    t.strictSame(seen.calls, first.calls, variant)
  }
})

t.test('the floor signs as the SDK does', async (t) => {
  const arrived = new Promise<{ request: IncomingMessage; body: string }>((resolve) => {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        resolve({ request, body })
        response.end('{}')
      })
    }).listen(0, '127.0.0.1')
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    void once(server, 'listening').then(async () => {
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const client = new DynamoDBClient({ endpoint, ...CREDENTIALS })
      await client.send(new GetItemCommand({ TableName: 'events', Key: { pk: { S: 'ä' } } }))
      client.destroy()
    })
  })
  const { request, body } = await arrived
  const { authorization = '', 'x-amz-date': amzDate } = request.headers
  const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? []
  const headers = names.map((name): [string, string] => [name, String(request.headers[name])])
  const sign = createSigner({ ...CREDENTIALS.credentials, region: CREDENTIALS.region, service: 'dynamodb' })
  t.ok(names.length > 3)
  t.equal(sign(headers, String(amzDate), body), authorization)
})
