import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import { ROLES } from '../src/domain/access.ts'
import { eventIdOf } from '../src/domain/event-id.ts'
import { createKey } from '../src/domain/key-management.ts'
import { createAccessStore } from '../src/dynamodb/access-store.ts'
import { createDynamoDB } from '../src/dynamodb/client.ts'
import { migrate } from '../src/dynamodb/migrate.ts'
import { connectDynamoDB } from './peers/floor/dynamodb.ts'
import { createStoredEvents, type StoredAs } from './stored-events.ts'
import { ALL_VARIANTS, type Variant } from './variants.ts'

/** Claims of one variant would be in the way of another one's. */
export const claimTenantOf = (variant: Variant) => `claims-${variant.replace(/\W+/g, '-')}`

/** Each kind of request has a tenant of its own, so that none changes what another one finds. */
const TENANTS = ['reads', 'creates', 'acknowledges', 'waits', ...ALL_VARIANTS.map(claimTenantOf)]

export interface Fixture {
  endpoint: string
  table: string
  /** A key of each tenant, with every scope. */
  keys: Record<string, string>
  /** The same the other way round. */
  tenantsByKey: Record<string, string>
  /** Makes one more tenant, with a key. @returns Its name. */
  addTenant(name: string): Promise<string>
  /** Stores so many events. @returns Their ids. */
  fill(tenant: string, count: number, as?: StoredAs): Promise<string[]>
  close(): Promise<void>
}

const BATCH = 25
const CONCURRENCY = 16
/** The emulator may be slow to start on a busy machine: here that is no failure. */
const TIMEOUT_MS = 60_000

/** Makes the table, with the tenants that every run needs, and more of them later. */
async function createTable(client: DynamoDBClient, table: string) {
  await migrate(client, table)
  const access = createAccessStore({ dynamodb: createDynamoDB(client), table, timeoutMs: TIMEOUT_MS })
  const keys: Record<string, string> = {}
  const tenantsByKey: Record<string, string> = {}
  async function addTenant(tenant: string): Promise<string> {
    const wanted = { tenant, scopes: ROLES.admin, name: null, valid_until: null }
    const { token } = await createKey(access, Date.now, wanted)
    keys[tenant] = token
    tenantsByKey[token] = tenant
    return tenant
  }
  for (const tenant of TENANTS) await addTenant(tenant)
  return { keys, tenantsByKey, addTenant }
}

/** A table with tenants and keys at the endpoint, and a way to fill it. */
export async function openFixture(endpoint: string, table: string): Promise<Fixture> {
  const client = new DynamoDBClient({
    endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  const tenants = await createTable(client, table)
  const { call, close } = connectDynamoDB(endpoint)
  const newStoredEvent = await createStoredEvents()

  async function put(tenant: string, count: number, as?: StoredAs): Promise<string[]> {
    const items = Array.from({ length: count }, () => newStoredEvent(tenant, as))
    const requests = items.map((Item) => ({ PutRequest: { Item } }))
    const { status, text } = await call('BatchWriteItem', { RequestItems: { [table]: requests } })
    if (status !== 200 || !text.includes('"UnprocessedItems":{}')) throw new Error(`BatchWriteItem: ${text}`)
    return items.map(({ sk }) => eventIdOf(sk?.S ?? ''))
  }

  return {
    endpoint,
    table,
    ...tenants,
    async fill(tenant, count, as) {
      const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, n) =>
        Math.min(BATCH, count - n * BATCH),
      )
      const ids = await pMap(batches, (size) => put(tenant, size, as), { concurrency: CONCURRENCY })
      return ids.flat()
    },
    close: () => {
      client.destroy()
      return close()
    },
  }
}
