import { isTenantName, type Scope } from './access.ts'
import { createToken, formatToken, hashSecret } from './api-key.ts'
import type { Clock } from './clock.ts'
import type { AccessAdminStore, ApiKey } from './ports.ts'

export interface NewKey {
  tenant: string
  scopes: readonly Scope[]
  name: string | null
  /** In ms; null for a key that does not expire. */
  valid_until: number | null
  /** Requests a second; as any other key where there is none. */
  rate_limit?: number | null
}

/** A key that was just made. The token is known now and never again. */
export interface CreatedKey {
  key: ApiKey
  token: string
}

/** Makes a key, and its tenant where that is new. */
export async function createKey(store: AccessAdminStore, clock: Clock, wanted: NewKey): Promise<CreatedKey> {
  if (!isTenantName(wanted.tenant)) {
    throw new Error(
      'A tenant name has 1–63 lower-case letters, digits and hyphens, and starts with a letter or digit.',
    )
  }
  const token = createToken()
  const key: ApiKey = {
    key_id: token.key_id,
    tenant: wanted.tenant,
    scopes: wanted.scopes,
    secret_hash: hashSecret(token.secret),
    name: wanted.name,
    created_at: clock(),
    valid_until: wanted.valid_until,
    revoked_at: null,
    rate_limit: wanted.rate_limit ?? null,
  }
  await store.addTenant(wanted.tenant)
  await store.addKey(key)
  return { key, token: formatToken(token) }
}

/** Makes another key like this one, which stays valid until `graceMs` from now at most. */
export async function rotateKey(
  store: AccessAdminStore,
  clock: Clock,
  keyId: string,
  graceMs: number,
): Promise<CreatedKey> {
  const old = await store.findKey(keyId)
  if (!old) throw new Error(`There is no key ${keyId}.`)
  if (old.revoked_at !== null) throw new Error(`The key ${keyId} is revoked: create a new one.`)
  const created = await createKey(store, clock, old)
  const end = clock() + graceMs
  await store.updateKey(keyId, { valid_until: Math.min(old.valid_until ?? end, end) })
  return created
}

/** Gives a key another limit. Tasks that know it learn it within a minute. */
export async function limitKey(store: AccessAdminStore, keyId: string, perSecond: number): Promise<void> {
  if (!(await store.updateKey(keyId, { rate_limit: perSecond }))) throw new Error(`There is no key ${keyId}.`)
}

/** Ends a key. Tasks that know it stop taking it within a minute. */
export async function revokeKey(store: AccessAdminStore, clock: Clock, keyId: string): Promise<void> {
  if (!(await store.updateKey(keyId, { revoked_at: clock() }))) throw new Error(`There is no key ${keyId}.`)
}
