import { invalidRequest } from '../errors.ts'
import type { EventSummary } from '../schemas/event.ts'
import type { ListQuery } from '../schemas/paging.ts'
import type { CursorBinding } from './cursor.ts'
import type { EventsDependencies } from './events.ts'
import type { CallScope } from './ports.ts'
import { parseRfc3339 } from '../schemas/rfc3339.ts'

/** A page as a client sees it: `cursor` leads to the next one, null on the last. */
export interface CursorPage<Item> {
  items: Item[]
  cursor: string | null
}

const toMs = (moment: string | undefined) => (moment === undefined ? undefined : parseRfc3339(moment))

/** Lists a tenant's events, newest first. Throws `invalid_request` and `invalid_cursor`. */
export function listEvents({ store, cursors }: EventsDependencies) {
  return async (scope: CallScope, query: ListQuery): Promise<CursorPage<EventSummary>> => {
    const { status, event_type, limit, cursor } = query
    const created_after = toMs(query.created_after)
    const created_before = toMs(query.created_before)
    if (created_after !== undefined && created_before !== undefined && created_after >= created_before) {
      throw invalidRequest([
        { field: 'created_before', message: 'must be later than created_after', code: 'empty_interval' },
      ])
    }
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
