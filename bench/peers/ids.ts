import { randomBytes } from 'node:crypto'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const TIME_LENGTH = 10
const COUNTER_LENGTH = 15
/** All events of the bench are in the first shard, which the last character names. */
const SHARD = '0'
const PREFIX = 'evt_'

/** Random for each process, so that ids of two processes never meet. */
const STARTS_WITH = Array.from(randomBytes(9), (byte) => ALPHABET.charAt(byte & 31)).join('')
let counter = 0
let lastMs = 0
let lastPrefix = ''

export function ulidPrefix(ms: number): string {
  let prefix = ''
  for (let rest = ms, i = 0; i < TIME_LENGTH; i++, rest = Math.floor(rest / 32)) {
    prefix = ALPHABET.charAt(rest % 32) + prefix
  }
  return prefix
}

/** @returns A new ULID in the form that the table holds. */
export function newUlid(nowMs: number): string {
  if (nowMs !== lastMs) {
    lastMs = nowMs
    lastPrefix = ulidPrefix(nowMs)
  }
  counter = (counter + 1) % 32 ** (COUNTER_LENGTH - STARTS_WITH.length)
  const digits = counter.toString(32).padStart(COUNTER_LENGTH - STARTS_WITH.length, '0')
  // Base 32 as Node writes it has letters that ULIDs leave out.
  return (
    lastPrefix +
    STARTS_WITH +
    digits.replace(/[i-v]/g, (digit) => ALPHABET.charAt(parseInt(digit, 32))) +
    SHARD
  )
}

export function acceptedAt(ulid: string): number {
  let ms = 0
  for (let i = 0; i < TIME_LENGTH; i++) ms = ms * 32 + ALPHABET.indexOf(ulid.charAt(i))
  return ms
}

export const eventIdOf = (ulid: string) => PREFIX + ulid
export const ulidOf = (eventId: string) => eventId.slice(PREFIX.length)
export const availability = (ms: number, ulid: string) => `${String(ms).padStart(13, '0')}#${ulid}`
export const availableAt = (text: string) => Number(text.slice(0, 13))
export const ulidOfAvailability = (text: string) => text.slice(14)
export const partitionOf = (tenant: string) => `e#${tenant}#0`
export const inboxOf = (tenant: string) => `${tenant}#0`
export const statusKeyOf = (tenant: string, status: string) => `${tenant}#0#${status}`
