import { LIST, WHOLE_EVENTS } from '../expressions.ts'
import { partitionOf, ulidOf, ulidOfAvailability } from '../ids.ts'
import { printEvent, printSummary, type Item } from './items.ts'
import { inboxQuery, keyOf, NOT_FOUND, text, type Answer, type Store } from './store.ts'

export async function getEvent({ ask, table }: Store, tenant: string, eventId: string): Promise<Answer> {
  const input = { TableName: table, Key: keyOf(tenant, ulidOf(eventId)), ConsistentRead: true }
  const { Item: item } = await ask<{ Item?: Item }>('GetItem', input)
  return item ? { status: 200, body: printEvent(item, Date.now()) } : NOT_FOUND
}

export interface Page {
  limit: number
  cursor: string | null
}

/** Points to the next page. */
const linkTo = (path: string, limit: number, cursor: string) => ({
  link: `<${path}?limit=${limit}&cursor=${cursor}>; rel="next"`,
  'x-next-cursor': cursor,
})

export async function listEvents({ ask, table }: Store, tenant: string, page: Page): Promise<Answer> {
  const { limit, cursor } = page
  const { Items } = await ask<{ Items: Item[] }>('Query', {
    TableName: table,
    ...LIST,
    ExpressionAttributeValues: {
      ':partition': text(partitionOf(tenant)),
      ':from': text('0'),
      ':to': text(cursor ?? '~'),
    },
    Limit: limit + 1,
  })
  // The bound of a further page is inclusive, and its event was on the page before.
  const events = (Items[0]?.['sk']?.S === cursor ? Items.slice(1) : Items).slice(0, limit)
  const last = events.at(-1)?.['sk']?.S ?? ''
  const headers = Items.length > events.length ? linkTo('/events', limit, last) : {}
  return { status: 200, body: `[${events.map(printSummary).join(',')}]`, headers }
}

export async function readInbox({ ask, table }: Store, tenant: string, page: Page): Promise<Answer> {
  const { limit, cursor } = page
  const after = cursor === null ? undefined : Buffer.from(cursor, 'base64url').toString()
  const { Items } = await ask<{ Items: Item[] }>('Query', inboxQuery(table, tenant, limit + 1, after))
  const places = Items.slice(0, limit).map((row) => row['available_at']?.S ?? '')
  const ulids = places.map(ulidOfAvailability)
  const { Responses } = await ask<{ Responses: Record<string, Item[]> }>('BatchGetItem', {
    RequestItems: { [table]: { Keys: ulids.map((ulid) => keyOf(tenant, ulid)), ...WHOLE_EVENTS } },
  })
  const found = new Map<string, Item>()
  for (const item of Responses[table] ?? []) found.set(item['sk']?.S ?? '', item)
  const nowMs = Date.now()
  const events = ulids.map((ulid) => printEvent(found.get(ulid) ?? {}, nowMs))
  const next = Buffer.from(places.at(-1) ?? '').toString('base64url')
  const headers = Items.length > limit ? linkTo('/inbox', limit, next) : {}
  return { status: 200, body: `[${events.join(',')}]`, headers }
}
