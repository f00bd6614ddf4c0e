import type { Event } from '../schemas/event.ts'
import type { InboxQuery } from '../schemas/paging.ts'
import type { CursorBinding } from './cursor.ts'
import type { EventsDependencies } from './events.ts'
import type { CursorPage } from './list-events.ts'
import type { CallScope } from './ports.ts'

const SEPARATOR = '/'

/**
 * Reads the events that can be delivered now, oldest first; reading changes nothing. The first page of a walk fixes
 * its upper bound, which the cursor carries on: what becomes available meanwhile is for the next walk.
 */
export function readInbox({ store, cursors, clock }: EventsDependencies) {
  return async (scope: CallScope, query: InboxQuery): Promise<CursorPage<Event>> => {
    const { event_type, limit, cursor } = query
    const binding: CursorBinding = { route: 'inbox', tenant: scope.tenant.name, filters: [event_type] }
    const [bound, position] = cursor === undefined ? [] : cursors.open(binding, cursor).split(SEPARATOR)
    const available_until = bound === undefined ? clock() : Number(bound)
    const page = await store.inbox(scope, { event_type, limit, available_until, position })
    if (page.position === null) return { items: page.items, cursor: null }
    return {
      items: page.items,
      cursor: cursors.seal(binding, `${available_until}${SEPARATOR}${page.position}`),
    }
  }
}
