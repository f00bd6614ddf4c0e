import type { Item } from '../../../src/dynamodb/keys.ts'
import { isDeepStrictEqual } from 'node:util'

/** Which statuses may follow which; `undefined` stands for an event that is not there. */
const FOLLOWS: Record<string, readonly string[]> = {
  undefined: ['pending'],
  pending: ['undelivered', 'delivered', 'failed'],
  undelivered: ['undelivered', 'delivered', 'failed'],
  failed: ['pending', 'delivered'],
  // Delivered is the end: nothing is written any more.
  delivered: [],
}

const IN_INBOX = ['inbox_key', 'available_at']
const OF_LEASE = ['lease_id', 'leased_until']
/** What an event keeps for as long as it is there. */
const FIXED = ['pk', 'sk', 'event_type', 'body', 'body_bytes']

const isEvent = (item: Item | undefined) => item?.['pk']?.S?.startsWith('e#') ?? false

/** What is wrong with a change of an item; undefined where nothing is. */
export function judgeWrite(before: Item | undefined, after: Item | undefined): string | undefined {
  // What has expired is deleted by DynamoDB itself.
  if (!after || !isEvent(after)) return undefined
  return judgeItem(after) ?? judgeChange(before, after)
}

/** An event has what belongs to its status, and nothing else. */
function judgeItem(item: Item): string | undefined {
  const status = item['status']?.S ?? ''
  const isOpen = status === 'pending' || status === 'undelivered'
  const has = (name: string) => item[name] !== undefined
  if (!item['status_key']?.S?.endsWith(`#${status}`)) return 'stands under another status in the index'
  if (IN_INBOX.some((name) => has(name) !== isOpen))
    return `is ${status}, but has ${IN_INBOX.join(' and ')} wrong`
  if (has('expires_at') === isOpen) return `is ${status}, but its expiry is not in keeping`
  if (has('delivered_at') !== (status === 'delivered'))
    return `is ${status}, but its time of delivery is not in keeping`
  if (has('failed_at') !== (status === 'failed'))
    return `is ${status}, but its time of failure is not in keeping`
  const leases = OF_LEASE.filter(has).length
  if (leases === 1 || (leases === 2 && status !== 'undelivered'))
    return `is ${status} with ${leases} parts of a lease`
  return undefined
}

/** What is written down of operations, and says nothing of the event. */
const ofEvent = (item: Item) =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !/^(barred_op|final_op|op_\d)$/.test(name)))

function judgeChange(before: Item | undefined, after: Item): string | undefined {
  const isOpen = before?.['status']?.S !== 'delivered'
  if (before && isOpen && isDeepStrictEqual(ofEvent(before), ofEvent(after))) return undefined
  const [from, to] = [String(before?.['status']?.S), after['status']?.S ?? '']
  if (!FOLLOWS[from]?.includes(to)) return `went from ${from} to ${to}`
  if (before && FIXED.some((name) => !isDeepStrictEqual(before[name], after[name]))) return 'got another body'
  const [old, now] = [before, after].map((item) => Number(item?.['delivery_attempts']?.N ?? 0))
  if (to === 'pending') return now === 0 ? undefined : 'is pending with attempts'
  const isClaim =
    to === 'undelivered' && before?.['lease_id']?.S !== after['lease_id']?.S && OF_LEASE[0]! in after
  const rise = (now ?? 0) - (old ?? 0)
  return rise === (isClaim ? 1 : 0) ? undefined : `attempts rose by ${rise}`
}
