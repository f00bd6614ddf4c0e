import type { EventSummary } from '../schemas/event.ts'
import type { ListQuery } from '../schemas/paging.ts'
import type { CursorBinding } from './cursor.ts'
import type { EventsDependencies } from './events.ts'
import { parseInterval } from './interval.ts'
import type { CallScope } from './ports.ts'

/** A page as a client sees it: `cursor` leads to the next one, null on the last. */
export interface CursorPage<Item> {
  items: Item[]
  cursor: string | null
}

/** Lists a tenant's events, newest first. Throws `invalid_request` and `invalid_cursor`. */
export function listEvents({ store, cursors }: EventsDependencies) {
  return async (scope: CallScope, query: ListQuery): Promise<CursorPage<EventSummary>> => {
    const { status, event_type, limit, cursor } = query
    const [created_after, created_before] = parseInterval(
      { field: 'created_after', moment: query.created_after },
      { field: 'created_before', moment: query.created_before },
    )
    const binding: CursorBinding = {
      route: 'list',
      tenant: scope.tenant.name,
      filters: [status, event_type, created_after, created_before],
    }
    const position = cursor === undefined ? undefined : cursors.open(binding, cursor)
    const page = await store.list(scope, {
      status,
      event_type,
      created_after,
      created_before,
      limit,
      position,
    })
    return { items: page.items, cursor: page.position === null ? null : cursors.seal(binding, page.position) }
  }
}
