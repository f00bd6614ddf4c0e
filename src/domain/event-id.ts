import type { Clock } from './clock.ts'
import { randomBytes } from './random-bytes.ts'

/** Crockford's base 32 in lower case, as ULIDs use it (https://github.com/ulid/spec). */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const PREFIX = 'evt_'
const EVENT_ID = /^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$/
const TIME_LENGTH = 10
const COUNTER_LENGTH = 15

/** One character names the shard, so there are at most as many shards as characters. */
export const MAX_SHARDS = ALPHABET.length

/** A ULID in lower case whose last character names the shard: what the table is sorted by. */
export type Ulid = string

/** @returns The ULID inside an event id, or undefined when the text is not an event id of ours. */
export function ulidOf(eventId: string): Ulid | undefined {
  return EVENT_ID.test(eventId) ? eventId.slice(PREFIX.length) : undefined
}

export function eventIdOf(ulid: Ulid): string {
  return PREFIX + ulid
}

export function shardOf(ulid: Ulid): number {
  return ALPHABET.indexOf(ulid.charAt(ulid.length - 1))
}

/** @returns When the event was accepted, in ms: the ULID is the only place where that is kept. */
export function acceptedAt(ulid: Ulid): number {
  let ms = 0
  for (let i = 0; i < TIME_LENGTH; i++) ms = ms * 32 + ALPHABET.indexOf(ulid.charAt(i))
  return ms
}

/** @returns The first ten characters of every ULID of that millisecond: a bound for key ranges. */
export function ulidPrefix(ms: number): string {
  let rest = Math.max(0, ms)
  let prefix = ''
  for (let i = 0; i < TIME_LENGTH; i++) {
    prefix = ALPHABET.charAt(rest % 32) + prefix
    rest = Math.floor(rest / 32)
  }
  return prefix
}

/** Draws the digits (0–31) that follow a new millisecond. */
export type DrawDigits = () => Uint8Array

function randomDigits(): Uint8Array {
  return randomBytes(COUNTER_LENGTH).map((byte) => byte & 31)
}

/** Adds one to the number the digits form. @returns false when it wrapped around to zero. */
function increment(digits: Uint8Array): boolean {
  for (let i = digits.length - 1; i >= 0; i--) {
    const digit = digits[i] ?? 0
    digits[i] = (digit + 1) & 31
    if (digit < 31) return true
  }
  return false
}

/**
 * Makes event ids that strictly ascend within this process, also when its clock stands still or goes back:
 * the time part then stays and the counter goes on.
 *
 * @returns A function from a shard (0–31) to a new event id.
 */
export function createEventIds(clock: Clock, draw: DrawDigits = randomDigits): (shard: number) => string {
  let lastMs = -1
  let digits = new Uint8Array(COUNTER_LENGTH)
  return (shard) => {
    const now = clock()
    if (now > lastMs || !increment(digits)) {
      lastMs = Math.max(now, lastMs + 1)
      digits = Uint8Array.from(draw())
    }
    const counter = Array.from(digits, (digit) => ALPHABET.charAt(digit)).join('')
    return PREFIX + ulidPrefix(lastMs) + counter + ALPHABET.charAt(shard)
  }
}
