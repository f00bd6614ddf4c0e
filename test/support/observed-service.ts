import type { Test } from 'tap'
import type { Role } from '../../src/domain/access.ts'
import { ROLES } from '../../src/domain/access.ts'
import { createKey } from '../../src/domain/key-management.ts'
import type { AccessAdminStore } from '../../src/domain/ports.ts'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts'
import { startService, type Service } from './service.ts'
import { openTable, type TestTable } from './table.ts'
import { dynamoDBLocalEndpoint } from './dynamodb-local.ts'

export interface ObservedService extends Service {
  proxy: FaultProxy
  table: TestTable
  /** A key of each role. */
  keys: Record<Role, string>
  /** Makes more of them. */
  access: AccessAdminStore
  /** The JSON lines on stdout so far. */
  lines(): Record<string, unknown>[]
}

/** DynamoDB Local, or the embedded store where there is no Java. */
export async function anyEndpoint(t: Test): Promise<string> {
  const local = await dynamoDBLocalEndpoint(t)
  if (local !== undefined) return local
  const embedded = await openEmbeddedStore({ folder: t.testdir() })
  t.teardown(() => embedded.stop())
  return embedded.endpoint
}

/** The service as a process of its own over a table of its own, with faults between them. */
export async function startObservedService(
  t: Test,
  environment: Record<string, string>,
): Promise<ObservedService> {
  const endpoint = await anyEndpoint(t)
  const table = await openTable(t, endpoint)
  const createToken = async (role: Role) => {
    const wanted = { tenant: 'acme', scopes: ROLES[role], name: null, valid_until: null }
    return (await createKey(table.access, Date.now, wanted)).token
  }
  const keys = {
    producer: await createToken('producer'),
    consumer: await createToken('consumer'),
    admin: await createToken('admin'),
  }
  const proxy = await startFaultProxy({ target: endpoint })
  t.teardown(() => proxy.stop())
  const service = await startService(t, {
    DYNAMODB_ENDPOINT: proxy.endpoint,
    DYNAMODB_TABLE: table.table,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    ...environment,
  })
  const lines = () =>
    service
      .stdout()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  return { ...service, proxy, table, keys, access: table.access, lines }
}
