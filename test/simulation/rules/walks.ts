import { availableAt } from '../../../src/dynamodb/keys.ts'
import type { Item } from '../../../src/dynamodb/keys.ts'
import { isOffered, textOf } from '../../../src/dynamodb/items.ts'
import { eventIdOf } from '../../../src/domain/event-id.ts'
import type { SimulatedClient } from '../clients/client.ts'
import type { Crowd } from '../clients/crowd.ts'
import type { World } from '../world/world.ts'

/** A walk that has as many pages does not end. */
const MAX_PAGES = 300

/** The events of a tenant that the inbox has to show by now: on offer, and for longer than indexes lag. */
function dueItems(world: World, tenant: string): Map<string, Item> {
  const { scheduler, settings, store, writtenAt } = world
  const until = scheduler.now - settings.maxLagMs
  const isDue = (item: Item) =>
    textOf(item, 'inbox_key').startsWith(`${tenant}#`) &&
    isOffered(item, scheduler.now) &&
    (writtenAt.get(item) ?? Infinity) <= until
  return new Map(
    store
      .items()
      .filter(isDue)
      .map((item) => [eventIdOf(textOf(item, 'sk')), item]),
  )
}

/**
 * Walks through the inbox: what is on offer all the while is shown, and what became available after the first page is
 * not. @returns The ids that it saw.
 */
export async function checkInboxWalk(client: SimulatedClient, limit: number): Promise<string[]> {
  const { world } = client
  const { settings, scheduler } = world
  const due = dueItems(world, client.tenant)
  const seen = new Set<string>()
  let cursor: string | undefined
  let bound = Infinity
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await client.inbox(limit, cursor)
    if (!page) return [...seen]
    for (const { event_id, created_at, available_at } of page.full) {
      seen.add(event_id)
      // One that moved may be shown at its old place; one that is new has none. After its clock was put back, a task gives
      // ids that are ahead of it, and of when their events become available.
      const newest = Math.min(Date.parse(created_at), Date.parse(available_at ?? created_at))
      if (!settings.hasWildClocks && newest > bound)
        world.violate('inbox walk goes beyond its bound', event_id)
    }
    bound = Math.min(bound, scheduler.now + settings.maxSkewMs)
    if (page.cursor === null) {
      if (!settings.hasWildClocks) checkShown(world, client.tenant, due, seen)
      return [...seen]
    }
    cursor = page.cursor
  }
  world.violate('inbox walk does not end', client.tenant)
  return [...seen]
}

function checkShown(world: World, tenant: string, before: Map<string, Item>, seen: Set<string>): void {
  for (const [event_id, item] of dueItems(world, tenant)) {
    const isUnchanged = before.get(event_id) === item
    if (isUnchanged && !seen.has(event_id)) {
      const sinceMs = world.scheduler.now - availableAt(textOf(item, 'available_at'))
      world.violate('not offered', `${event_id}, available for ${sinceMs} ms`)
    }
  }
}

/** Walks through the list of all events: strictly descending, and each that was there before comes. */
export async function checkListWalk(crowd: Crowd, client: SimulatedClient, limit: number): Promise<string[]> {
  const { world } = client
  const before = new Set(crowd.accepted(client.tenant).map(({ event_id }) => event_id))
  const ids: string[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const query = { limit, ...(cursor === undefined ? {} : { cursor }) }
    const { value } = await client.ask((events, scope) => events.list(scope, query))
    if (!value) return ids
    for (const { event_id } of value.items) {
      if (event_id >= (ids.at(-1) ?? '~'))
        world.violate('list does not descend', `${ids.at(-1) ?? ''}, ${event_id}`)
      ids.push(event_id)
      before.delete(event_id)
    }
    if (value.cursor === null) {
      for (const event_id of before) world.violate('missing from the list', event_id)
      return ids
    }
    cursor = value.cursor
  }
  world.violate('list walk does not end', client.tenant)
  return ids
}
