import t from 'tap'
import { ROLES, type Tenant } from '../../src/domain/access.ts'
import { createToken, formatToken, hashSecret } from '../../src/domain/api-key.ts'
import { createAuthenticator } from '../../src/domain/authenticator.ts'
import type { AccessStore, ApiKey } from '../../src/domain/ports.ts'
import { storeUnavailable } from '../../src/errors.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const START = Date.parse('2100-01-01T00:00:00.000Z')

const ACME: Tenant = { name: 'acme', shards: 2, read_shards: 4 }

/** A store with one key of one tenant, its look-ups counted, and a clock that stands still until it is moved. */
function given(change: Partial<ApiKey> = {}) {
  const token = createToken()
  const key: ApiKey = {
    key_id: token.key_id,
    tenant: 'acme',
    scopes: ROLES.producer,
    secret_hash: hashSecret(token.secret),
    name: null,
    created_at: START,
    valid_until: null,
    revoked_at: null,
    rate_limit: null,
    ...change,
  }
  const state = { now: START, isDown: false, keyLookups: 0, tenantLookups: 0 }
  const keys = new Map([[key.key_id, key]])
  const tenants = new Map([[ACME.name, ACME]])
  const answer = async <Value>(value: Value): Promise<Value> => {
    if (state.isDown) throw storeUnavailable(new Error('nobody listens'))
    return value
  }
  const access: AccessStore = {
    findKey: (keyId) => {
      state.keyLookups++
      return answer(keys.get(keyId))
    },
    findTenant: (name) => {
      state.tenantLookups++
      return answer(tenants.get(name))
    },
  }
  const authenticator = createAuthenticator(access, () => state.now)
  return { state, key, keys, tenants, token: formatToken(token), authenticator }
}

/** What `given` makes is authenticated as. */
const principalOf = ({ key }: ReturnType<typeof given>) => ({
  key_id: key.key_id,
  scopes: ROLES.producer,
  tenant: ACME,
  rate_limit: null,
})

t.test('a valid token is its key’s principal, with the tenant and its shards', async (t) => {
  const it = given()
  t.strictSame(await it.authenticator.authenticate(it.token), principalOf(it))
})

t.test('a tenant that is not stored has one shard', async (t) => {
  const it = given({ tenant: 'unlisted' })
  const principal = await it.authenticator.authenticate(it.token)
  t.strictSame(principal?.tenant, { name: 'unlisted', shards: 1, read_shards: 1 })
})

t.test('what is no token of ours is refused without a look-up', async (t) => {
  const it = given()
  const { token } = it
  const wrong = ['', 'x', token.slice(0, -1), `${token}0`, token.toUpperCase(), token.replace('trg', 'key')]
  for (const text of [...wrong, ` ${token}`, `${token}\n`, token.replaceAll('_', '-'), 'x'.repeat(10_000)]) {
    t.equal(await it.authenticator.authenticate(text), undefined, text.slice(0, 100))
  }
  t.equal(it.state.keyLookups, 0)
})

t.test('another secret is refused, and costs no further look-up', async (t) => {
  const it = given()
  const other = `trg_${it.key.key_id}_${'0'.repeat(64)}`
  t.equal(await it.authenticator.authenticate(other), undefined)
  t.equal(await it.authenticator.authenticate(other), undefined)
  t.strictSame(await it.authenticator.authenticate(it.token), principalOf(it))
  t.equal(it.state.keyLookups, 1)
})

t.test('what was found counts for 60 s', async (t) => {
  const it = given()
  await it.authenticator.authenticate(it.token)
  it.state.now += MINUTE - 1
  await it.authenticator.authenticate(it.token)
  t.strictSame([it.state.keyLookups, it.state.tenantLookups], [1, 1])
  it.state.now += 2
  t.strictSame(await it.authenticator.authenticate(it.token), principalOf(it))
  t.strictSame([it.state.keyLookups, it.state.tenantLookups], [2, 2])
})

t.test('a key that is revoked in the store ends within 60 s', async (t) => {
  const it = given()
  await it.authenticator.authenticate(it.token)
  it.keys.set(it.key.key_id, { ...it.key, revoked_at: START + 1 })
  it.state.now += MINUTE - 1
  t.ok(await it.authenticator.authenticate(it.token))
  it.state.now += 2
  t.equal(await it.authenticator.authenticate(it.token), undefined)
})

t.test('a tenant that gets more shards has them within 60 s', async (t) => {
  const it = given()
  await it.authenticator.authenticate(it.token)
  it.tenants.set('acme', { name: 'acme', shards: 8, read_shards: 8 })
  it.state.now += MINUTE + 1
  const principal = await it.authenticator.authenticate(it.token)
  t.equal(principal?.tenant.shards, 8)
})

t.test('a key expires at its time, found before or not', async (t) => {
  const it = given({ valid_until: START + SECOND })
  it.state.now = START + SECOND - 1
  t.ok(await it.authenticator.authenticate(it.token))
  it.state.now = START + SECOND
  t.equal(await it.authenticator.authenticate(it.token), undefined)
  t.equal(it.state.keyLookups, 1)
})

t.test('what was not found counts for 10 s', async (t) => {
  const it = given()
  it.keys.clear()
  t.equal(await it.authenticator.authenticate(it.token), undefined)
  it.keys.set(it.key.key_id, it.key)
  it.state.now += 10 * SECOND - 1
  t.equal(await it.authenticator.authenticate(it.token), undefined)
  t.equal(it.state.keyLookups, 1)
  it.state.now += 2
  t.strictSame(await it.authenticator.authenticate(it.token), principalOf(it))
  t.equal(it.state.keyLookups, 2)
})

t.test('a key that was deleted in the store is refused after 60 s, then asked for every 10 s', async (t) => {
  const it = given()
  await it.authenticator.authenticate(it.token)
  it.keys.clear()
  it.state.now += MINUTE + 1
  t.equal(await it.authenticator.authenticate(it.token), undefined)
  it.state.now += 11 * SECOND
  t.equal(await it.authenticator.authenticate(it.token), undefined)
  t.equal(it.state.keyLookups, 3)
})

t.test('100 requests at once are one look-up, also when the entry is stale', async (t) => {
  const it = given()
  const together = () =>
    Promise.all(Array.from({ length: 100 }, async () => it.authenticator.authenticate(it.token)))
  t.strictSame(new Set((await together()).map((principal) => principal?.key_id)), new Set([it.key.key_id]))
  t.strictSame([it.state.keyLookups, it.state.tenantLookups], [1, 1])
  it.state.now += MINUTE + 1
  await together()
  t.strictSame([it.state.keyLookups, it.state.tenantLookups], [2, 2])
})

t.test('while the store is down what was found counts on, however long', async (t) => {
  const it = given()
  await it.authenticator.authenticate(it.token)
  it.state.isDown = true
  for (const later of [MINUTE + 1, 10 * MINUTE, 24 * 60 * MINUTE]) {
    it.state.now += later
    t.strictSame(await it.authenticator.authenticate(it.token), principalOf(it))
  }
  t.equal(it.state.keyLookups, 4, 'it is asked for each time')
  it.state.isDown = false
  it.keys.set(it.key.key_id, { ...it.key, revoked_at: START })
  t.equal(await it.authenticator.authenticate(it.token), undefined, 'and counts no longer when it is back')
})

t.test('while the store is down a key still expires', async (t) => {
  const it = given({ valid_until: START + 2 * MINUTE })
  await it.authenticator.authenticate(it.token)
  it.state.isDown = true
  it.state.now += 2 * MINUTE
  t.equal(await it.authenticator.authenticate(it.token), undefined)
})

t.test(
  'a key that was never looked up is unavailable while the store is down, and found after',
  async (t) => {
    const it = given()
    it.state.isDown = true
    const unavailable = {
      code: 'unavailable',
      message: 'The event store does not answer now. Try again.',
      headers: { 'retry-after': '1' },
    }
    for (let n = 0; n < 3; n++) {
      await t.rejects(async () => it.authenticator.authenticate(it.token), unavailable)
    }
    it.state.isDown = false
    t.strictSame(await it.authenticator.authenticate(it.token), principalOf(it))
  },
)

t.test('a key that is known is answered at once, and never by what is just being asked anew', async (t) => {
  const it = given()
  await it.authenticator.authenticate(it.token)
  t.strictSame(it.authenticator.authenticate(it.token), principalOf(it), 'no promise')
  it.state.now += MINUTE + 1
  it.keys.set(it.key.key_id, { ...it.key, revoked_at: it.state.now })
  const first = it.authenticator.authenticate(it.token)
  const second = it.authenticator.authenticate(it.token)
  t.strictSame(await Promise.all([first, second]), [undefined, undefined])
  t.equal(it.state.keyLookups, 2)
})

t.test('the reason why a look-up failed travels with the error', async (t) => {
  const it = given()
  it.state.isDown = true
  const error: unknown = await Promise.try(() => it.authenticator.authenticate(it.token)).catch(
    (thrown: unknown) => thrown,
  )
  const texts: string[] = []
  for (let at = error; at instanceof Error; at = at.cause) texts.push(at.message)
  t.ok(texts.includes('nobody listens'), texts.join(' ← '))
})

t.test('a tenant that cannot be looked up is unavailable too, not one of one shard', async (t) => {
  const it = given()
  const access: AccessStore = {
    findKey: async () => it.key,
    findTenant: () => Promise.reject(storeUnavailable()),
  }
  const authenticator = createAuthenticator(access, () => START)
  await t.rejects(async () => authenticator.authenticate(it.token), { code: 'unavailable' })
})

t.test(
  'that a key was not found does not count on while the store is down: it may exist by now',
  async (t) => {
    const it = given()
    it.keys.clear()
    t.equal(await it.authenticator.authenticate(it.token), undefined)
    it.keys.set(it.key.key_id, it.key)
    it.state.isDown = true
    it.state.now += 10 * SECOND + 1
    await t.rejects(async () => it.authenticator.authenticate(it.token), { code: 'unavailable' })
  },
)

t.test('many unknown keys do not drive out all memory of a known one in use', async (t) => {
  const it = given()
  await it.authenticator.authenticate(it.token)
  for (let n = 0; n < 12_000; n++) {
    await it.authenticator.authenticate(`trg_${n.toString(16).padStart(16, '0')}_${'0'.repeat(64)}`)
    if (n % 1_000 === 0) await it.authenticator.authenticate(it.token)
  }
  it.state.isDown = true
  t.strictSame(await it.authenticator.authenticate(it.token), principalOf(it))
})
