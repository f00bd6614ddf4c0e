import { LRUCache } from 'lru-cache'
import { AppError } from '../errors.ts'
import type { AccessStore } from './ports.ts'
import { TokenBucket } from './token-bucket.ts'

export interface BoundedLookupsOptions {
  /** Most look-ups a second of keys that this process has not found before; twice as many at once. */
  perSecond: number
  /** In ms, never going back. */
  now: () => number
  /** Told of each look-up that was refused. */
  onRefused: () => void
}

/** Look-ups of unknown keys under way at a time: a quarter of what the process serves by default. */
const MAX_CONCURRENT = 64
const BURST_SECONDS = 2
/** As many as the authenticator remembers. */
const MAX_KNOWN = 10_000

/**
 * Keeps a flood of made-up keys from becoming a flood of reads. Keys that were found before are looked up as ever, so those who
 * are in business do not feel it; a key that this process sees for the first time may have to come again.
 */
export function boundKeyLookups(access: AccessStore, options: BoundedLookupsOptions): AccessStore {
  const { perSecond, now, onRefused } = options
  const known = new LRUCache<string, true>({ max: MAX_KNOWN })
  const bucket = new TokenBucket(perSecond, perSecond * BURST_SECONDS)
  let underWay = 0

  async function findUnknown(keyId: string) {
    if (underWay >= MAX_CONCURRENT || bucket.take(now()) > 0) {
      onRefused()
      throw new AppError('unavailable', 'Too many keys are being looked up. Try again.', {
        headers: { 'retry-after': '1' },
      })
    }
    underWay++
    try {
      const key = await access.findKey(keyId)
      if (key) known.set(keyId, true)
      return key
    } finally {
      underWay--
    }
  }

  return {
    findKey: (keyId) => (known.get(keyId) ? access.findKey(keyId) : findUnknown(keyId)),
    findTenant: (name) => access.findTenant(name),
  }
}
