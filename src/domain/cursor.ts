import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import { AppError } from '../errors.ts'

const VERSION = 1
const MAC_LENGTH = 16
/** Far above any cursor of ours: what is longer need not be decoded to be refused. */
const MAX_CURSOR_LENGTH = 512

/** What a cursor belongs to. With anything else it is refused. */
export interface CursorBinding {
  route: string
  tenant: string
  filters: readonly unknown[]
}

export interface Cursors {
  seal(binding: CursorBinding, position: string): string
  /** @returns The sealed position. Throws `invalid_cursor` for anything but a cursor of this binding. */
  open(binding: CursorBinding, cursor: string): string
}

function macOf(key: KeyObject, binding: CursorBinding, position: string): Buffer {
  const text = JSON.stringify([VERSION, binding.route, binding.tenant, binding.filters, position])
  return createHmac('sha256', key).update(text).digest().subarray(0, MAC_LENGTH)
}

/**
 * Opaque cursors: version, signature and position in base64url. The binding is signed, not carried, and the
 * partition that is read always comes from the caller's key, so a cursor gives no access to anything.
 *
 * The first secret signs; each is accepted, so that a secret can be replaced without breaking walks.
 */
export function createCursors([secret, ...older]: readonly [string, ...string[]]): Cursors {
  // As objects: made from text for each cursor, they cost more than all the rest of it.
  const toKey = (text: string) => createSecretKey(text, 'utf8')
  const newest = toKey(secret)
  const keys = [newest, ...older.map(toKey)]
  return {
    seal(binding, position) {
      const mac = macOf(newest, binding, position)
      return Buffer.concat([Buffer.from([VERSION]), mac, Buffer.from(position)]).toString('base64url')
    },
    open(binding, cursor) {
      const bytes = Buffer.from(cursor.slice(0, MAX_CURSOR_LENGTH), 'base64url')
      // Several texts decode to the same bytes; only the one that was sealed is a cursor.
      const isWellFormed = bytes.toString('base64url') === cursor && bytes[0] === VERSION
      const mac = bytes.subarray(1, 1 + MAC_LENGTH)
      const position = bytes.subarray(1 + MAC_LENGTH).toString()
      const isOurs = (key: KeyObject) =>
        mac.length === MAC_LENGTH && timingSafeEqual(mac, macOf(key, binding, position))
      if (!isWellFormed || !keys.some(isOurs)) throw invalidCursor()
      return position
    },
  }
}

function invalidCursor(): AppError {
  return new AppError(
    'invalid_cursor',
    'The cursor is not one that this request, with these filters, was given.',
    {
      details: [{ field: 'cursor', message: 'is not valid here', code: 'invalid_cursor' }],
    },
  )
}
