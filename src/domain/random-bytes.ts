import { randomFillSync } from 'node:crypto'

/** Randomness for many ids at a time: each draw from the system costs twenty times as much as taking a few bytes of it. */
const pool = Buffer.alloc(4_096)
let unused = 0

/**
 * @param count At most 4,096.
 * @returns So many random bytes, fit for secrets: a copy of bytes that are given out once.
 */
export function randomBytes(count: number): Buffer {
  if (unused < count) unused = randomFillSync(pool).length
  unused -= count
  return Buffer.from(pool.subarray(unused, unused + count))
}
