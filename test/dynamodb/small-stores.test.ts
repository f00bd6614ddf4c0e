import t, { type Test } from 'tap'
import { ROLES } from '../../src/domain/access.ts'
import { growTenant } from '../../src/domain/grow-tenant.ts'
import { createKey, limitKey, revokeKey, rotateKey } from '../../src/domain/key-management.ts'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { newTenant, openTable, scopeOf, WINDOW_SECONDS, type TestTable } from '../support/table.ts'

function testIdempotency(t: Test, { idempotency, clock }: TestTable): void {
  t.test('the first record under a key counts, for the tenant, until its window ends', async (t) => {
    const scope = scopeOf(newTenant())
    const [first, second] = [
      { event_id: 'evt_1', body_hash: 'a' },
      { event_id: 'evt_2', body_hash: 'b' },
    ] as const
    t.strictSame(await idempotency.claim(scope, 'key', first), first)
    t.strictSame(await idempotency.claim(scope, 'key', second), first)
    t.strictSame(await idempotency.claim(scope, 'other', second), second)
    t.strictSame(await idempotency.claim(scopeOf(newTenant()), 'key', second), second)
    clock.advance((WINDOW_SECONDS + 1) * 1000)
    t.strictSame(await idempotency.claim(scope, 'key', second), second)
    clock.advance((WINDOW_SECONDS + 1) * -1000)
  })

  t.test('of fifty at once one decides', async (t) => {
    const scope = scopeOf(newTenant())
    const records = Array.from({ length: 50 }, (_, n) => ({ event_id: `evt_${n}`, body_hash: 'h' }))
    const counted = await Promise.all(records.map((record) => idempotency.claim(scope, 'key', record)))
    t.equal(new Set(counted.map(({ event_id }) => event_id)).size, 1)
  })
}

function testAccess(t: Test, { access }: TestTable): void {
  const now = () => 1_000
  const wanted = () => ({
    tenant: newTenant().name,
    scopes: ROLES.consumer,
    name: 'poller',
    valid_until: null,
  })

  t.test('keys are found, listed and changed; their tenants too', async (t) => {
    const { key } = await createKey(access, now, wanted())
    t.strictSame(await access.findKey(key.key_id), key)
    t.strictSame(await access.listKeys(key.tenant), [key])
    t.strictSame(await access.findTenant(key.tenant), { name: key.tenant, shards: 1, read_shards: 1 })
    t.ok((await access.listTenants()).includes(key.tenant))
    await limitKey(access, key.key_id, 5)
    t.strictSame(await access.findKey(key.key_id), { ...key, rate_limit: 5 })
    await t.rejects(limitKey(access, 'none', 5), /There is no key none/)
    await revokeKey(access, now, key.key_id)
    t.strictSame(await access.findKey(key.key_id), { ...key, rate_limit: 5, revoked_at: 1_000 })
    await t.rejects(revokeKey(access, now, 'none'), /There is no key none/)
  })

  t.test('a rotated key goes on for its grace, never longer than it would have', async (t) => {
    const { key } = await createKey(access, now, wanted())
    const { key: next } = await rotateKey(access, now, key.key_id, 500)
    t.strictSame(await access.findKey(key.key_id), { ...key, valid_until: 1_500 })
    t.strictSame({ ...next, key_id: key.key_id, secret_hash: key.secret_hash }, key)
    await rotateKey(access, now, key.key_id, 9_000)
    t.match(await access.findKey(key.key_id), { valid_until: 1_500 })
  })

  t.test('a tenant grows in two steps: its new shards are read before they are written to', async (t) => {
    const { key } = await createKey(access, now, wanted())
    const steps: unknown[] = []
    await growTenant(access, key.tenant, 4, async () => {
      steps.push(await access.findTenant(key.tenant))
    })
    steps.push(await access.findTenant(key.tenant))
    t.strictSame(steps, [
      { name: key.tenant, shards: 1, read_shards: 4 },
      { name: key.tenant, shards: 4, read_shards: 4 },
    ])
    await t.rejects(
      growTenant(access, key.tenant, 2, () => Promise.resolve()),
      /they never become fewer/,
    )
  })

  t.test('what is not there is undefined', async (t) => {
    t.equal(await access.findKey('0000000000000000'), undefined)
    t.equal(await access.findTenant('nobody'), undefined)
    t.strictSame(await access.listKeys('nobody'), [])
  })
}

t.test('on DynamoDB Local', async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint === undefined) {
    t.pass('needs DynamoDB Local', { skip: 'there is no Java runtime' })
    return
  }
  const table = await openTable(t, endpoint)
  testIdempotency(t, table)
  testAccess(t, table)
})

t.test('on the embedded store', async (t) => {
  const embedded = await openEmbeddedStore({ folder: t.testdir() })
  t.teardown(() => embedded.stop())
  const table = await openTable(t, embedded.endpoint)
  testIdempotency(t, table)
  testAccess(t, table)
})
