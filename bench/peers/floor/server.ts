/**
 * The floor: what answering these requests costs when nothing is done but the calls to DynamoDB, each signed. No
 * framework, validation, key, log, metric, retry or deadline; the tenant is looked up by the whole header.
 *
 * Environment: DYNAMODB_ENDPOINT, DYNAMODB_TABLE, TENANTS (JSON: from key to tenant).
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getEvent, listEvents, readInbox } from './reads.ts'
import { openStore, type Answer } from './store.ts'
import { acknowledgeEvent, claimEvents, createBatch, createEvent } from './writes.ts'

const { DYNAMODB_ENDPOINT = '', DYNAMODB_TABLE = '', TENANTS = '{}' } = process.env
const tenants = new Map(
  Object.entries(JSON.parse(TENANTS) as Record<string, string>).map(([key, tenant]) => [
    `Bearer ${key}`,
    tenant,
  ]),
)
const store = openStore(DYNAMODB_ENDPOINT, DYNAMODB_TABLE)

function readJson(request: IncomingMessage): Promise<never> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      resolve(JSON.parse(Buffer.concat(chunks).toString()) as never)
    })
    request.on('error', reject)
  })
}

const EVENT_PATH = '/events/'
const ACKNOWLEDGE = '/acknowledge'

async function answer(request: IncomingMessage, tenant: string): Promise<Answer> {
  const { method, url = '' } = request
  if (method === 'POST') {
    if (url === '/events') return createEvent(store, tenant, await readJson(request))
    if (url === '/events/batch') return createBatch(store, tenant, await readJson(request))
    if (url === '/inbox/claim') return claimEvents(store, tenant, await readJson(request))
    return acknowledgeEvent(store, tenant, url.slice(EVENT_PATH.length, -ACKNOWLEDGE.length))
  }
  if (url.startsWith(EVENT_PATH)) return getEvent(store, tenant, url.slice(EVENT_PATH.length))
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1))
  const page = { limit: Number(query.get('limit')), cursor: query.get('cursor') }
  return url.startsWith('/inbox') ? readInbox(store, tenant, page) : listEvents(store, tenant, page)
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const type = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  }
  response.writeHead(status, status === 204 ? {} : { ...type, ...headers }).end(body)
}

const server = createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
  const tenant = tenants.get(request.headers.authorization ?? '') ?? ''
  answer(request, tenant).then(
    (answered) => {
      send(response, answered)
    },
    (error: unknown) => {
      send(response, { status: 500, body: JSON.stringify({ error: String(error) }) })
    },
  )
})
server.listen(0, '127.0.0.1', () => {
  console.log(`listening at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
