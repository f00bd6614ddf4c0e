import { LRUCache } from 'lru-cache'
import type { Principal, Tenant } from './access.ts'
import { isSecret, parseToken } from './api-key.ts'
import { whenThere, type Awaitable } from './awaitable.ts'
import type { Clock } from './clock.ts'
import { AppError, storeUnavailable } from '../errors.ts'
import type { AccessStore, ApiKey } from './ports.ts'

/** How long what was found counts without asking again: also how long a revoked key may still be used. */
export const POSITIVE_TTL_MS = 60_000
/** How long a key that does not exist stays refused without asking again: also how long a new one may take. */
const NEGATIVE_TTL_MS = 10_000
/** Unknown ids are the client's choice, so the memory they take is bounded. */
const MAX_ENTRIES = 10_000

export interface Authenticator {
  /**
   * @returns Who the token belongs to, undefined when it is not valid; a promise only where somebody has to be asked: most
   *   keys are known.
   *   Throws `unavailable`, never guesses.
   */
  authenticate(token: string): Awaitable<Principal | undefined>
}

/** What a look-up gave; null when there is no such thing. */
interface Found<Value> {
  value: Value | null
}

/**
 * One look-up at a time per name, remembered for a while; while the store is down the last known answer counts on.
 * What was not found is remembered as null.
 */
function createLookup<Value extends object>(
  find: (name: string) => Promise<Value | undefined>,
  clock: Clock,
): (name: string) => Awaitable<Value | null> {
  let failure: unknown
  const cache = new LRUCache<string, Found<Value>>({
    max: MAX_ENTRIES,
    ttl: POSITIVE_TTL_MS,
    perf: { now: clock },
    // Asked at each look: its own reading of the clock, kept for a millisecond, would make tests race.
    ttlResolution: 0,
    allowStaleOnFetchRejection: true,
    // What is no longer fresh is still wanted where the look-up fails.
    noDeleteOnStaleGet: true,
    fetchMethod: async (name, _stale, { options }) => {
      const value = await find(name).catch((error: unknown) => {
        failure = error
        throw error
      })
      if (value === undefined) options.ttl = NEGATIVE_TTL_MS
      return { value: value ?? null }
    },
  })

  async function ask(name: string): Promise<Value | null> {
    const status: LRUCache.Status<string, Found<Value>> = {}
    const found = await cache.fetch(name, { status })
    // Nothing comes back when the look-up failed and nothing was known. That there was nothing does not count on
    // either: there may be something by now.
    if (!found || (found.value === null && status.returnedStale)) {
      throw failure instanceof AppError ? failure : storeUnavailable(failure)
    }
    return found.value
  }

  return (name) => {
    const fresh = cache.get(name)
    return fresh ? fresh.value : ask(name)
  }
}

function isUsable(key: ApiKey, now: number): boolean {
  return key.revoked_at === null && (key.valid_until === null || now < key.valid_until)
}

/** Turns bearer tokens into principals. The tenant comes from the key alone, never from input. */
export function createAuthenticator(access: AccessStore, clock: Clock): Authenticator {
  const findKey = createLookup((keyId) => access.findKey(keyId), clock)
  const findTenant = createLookup((name) => access.findTenant(name), clock)

  const tenantOf = (key: ApiKey): Awaitable<Tenant> =>
    whenThere(findTenant(key.tenant), (tenant) => tenant ?? { name: key.tenant, shards: 1, read_shards: 1 })

  return {
    authenticate(token) {
      const parsed = parseToken(token)
      if (!parsed) return undefined
      return whenThere(findKey(parsed.key_id), (key) => {
        if (!key || !isSecret(parsed.secret, key.secret_hash) || !isUsable(key, clock())) return undefined
        const { key_id, scopes, rate_limit } = key
        return whenThere(tenantOf(key), (tenant) => ({ key_id, scopes, tenant, rate_limit }))
      })
    },
  }
}
