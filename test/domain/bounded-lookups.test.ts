import t from 'tap'
import { ROLES } from '../../src/domain/access.ts'
import { boundKeyLookups } from '../../src/domain/bounded-lookups.ts'
import type { AccessStore, ApiKey } from '../../src/domain/ports.ts'

const KEY: ApiKey = {
  key_id: '0'.repeat(16),
  tenant: 'acme',
  scopes: ROLES.producer,
  secret_hash: '',
  name: null,
  created_at: 0,
  valid_until: null,
  revoked_at: null,
  rate_limit: null,
}
const TENANT = { name: 'acme', shards: 1, read_shards: 1 }
const TOO_MANY = { code: 'unavailable', headers: { 'retry-after': '1' } }

/** A store that knows one key; with a gate, no look-up ends before it opens. */
function given(perSecond: number, gate: Promise<void> = Promise.resolve()) {
  const state = { now: 0, lookups: 0, refused: 0 }
  const store: AccessStore = {
    findKey: async (keyId) => {
      state.lookups++
      await gate
      return keyId === KEY.key_id ? KEY : undefined
    },
    findTenant: async () => TENANT,
  }
  const access = boundKeyLookups(store, {
    perSecond,
    now: () => state.now,
    onRefused: () => {
      state.refused++
    },
  })
  return { state, access }
}

const isRefused = (lookup: Promise<unknown>) =>
  lookup.then(
    () => false,
    () => true,
  )

t.test('made-up keys are looked up at a bounded rate; those in business as ever', async (t) => {
  const { state, access } = given(10)
  t.equal(await access.findKey(KEY.key_id), KEY)
  for (let n = 0; n < 500; n++) await isRefused(access.findKey(`unknown-${n}`))
  t.equal(state.lookups, 20, 'what two seconds bring')
  t.equal(state.refused, 481)
  await t.rejects(access.findKey('unknown'), TOO_MANY)
  for (let n = 0; n < 100; n++) t.equal(await access.findKey(KEY.key_id), KEY)
  t.equal(state.lookups, 120)
  t.equal(await access.findTenant('acme'), TENANT)

  state.now += 500
  const later = await Promise.all(
    Array.from({ length: 50 }, (_, n) => isRefused(access.findKey(`later-${n}`))),
  )
  t.equal(later.filter((refused) => !refused).length, 5, 'half a second brings five more')
})

t.test('while the store hangs, made-up keys take a bounded number of places', async (t) => {
  const { promise: gate, resolve: open } = Promise.withResolvers<undefined>()
  const { state, access } = given(10_000, gate)
  const lookups = Array.from({ length: 300 }, (_, n) => isRefused(access.findKey(`unknown-${n}`)))
  t.equal(state.lookups, 64)
  open(undefined)
  t.equal((await Promise.all(lookups)).filter((refused) => !refused).length, 64)
  t.equal(await isRefused(access.findKey('next')), false, 'the places are free again')
})

t.test('a look-up that fails frees its place, and its key is not known by it', async (t) => {
  const failing: AccessStore = {
    findKey: () => Promise.reject(new Error('nobody listens')),
    findTenant: async () => TENANT,
  }
  const access = boundKeyLookups(failing, { perSecond: 100, now: () => 0, onRefused: () => undefined })
  for (let n = 0; n < 200; n++) await t.rejects(access.findKey('one'), { message: 'nobody listens' })
  await t.rejects(access.findKey('one'), TOO_MANY)
})
