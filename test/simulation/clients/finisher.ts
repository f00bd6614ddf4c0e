import { textOf } from '../../../src/dynamodb/items.ts'
import type { FinalEvent } from '../../support/history/history.ts'
import { CONFIG } from '../world/task.ts'
import { handedOf } from './bodies.ts'
import { MAX_LEASE_SECONDS } from './consumer.ts'
import type { Crowd } from './crowd.ts'

/**
 * By when everything has to be handed out once there are no faults any more, in ms: the longest lease and delay, the
 * second that leases are stored for longer, the latest write, the lag of the index, and time to do it.
 */
const DRAIN_MS = 1_000 * (MAX_LEASE_SECONDS + CONFIG.nackDelays.maxSeconds) + 1_000 + 3_000 + 2_000 + 3_000
const HOUR_MS = 3_600_000
const PAUSE_MS = 250
const LIMIT = 100

/** Takes whatever is left until there is nothing. What is left when it has to be done is for the rules to find. */
export async function drain(crowd: Crowd, tenant: string): Promise<void> {
  const { scheduler, settings } = crowd.world
  const until = scheduler.now + DRAIN_MS + (settings.hasWildClocks ? 2 * HOUR_MS : 0)
  const client = crowd.newClient('finisher', tenant)
  while (isAnyOpen(crowd, tenant) && scheduler.now < until) {
    const { events, lease_id } = await client.claim(LIMIT, 1, 0)
    const ids = events.map(({ event_id }) => event_id)
    if (lease_id !== undefined) await client.acknowledgeMany(lease_id, ids)
    else await scheduler.sleep(settings.hasWildClocks ? 40 * PAUSE_MS : PAUSE_MS)
  }
}

function isAnyOpen({ world }: Crowd, tenant: string): boolean {
  return world.store.items().some((item) => textOf(item, 'inbox_key').startsWith(`${tenant}#`))
}

/** Reads every event of a tenant, through the list. */
export async function readFinal(crowd: Crowd, tenant: string): Promise<FinalEvent[]> {
  const client = crowd.newClient('reader', tenant)
  const final: FinalEvent[] = []
  let cursor: string | undefined
  do {
    const query = { limit: LIMIT, ...(cursor === undefined ? {} : { cursor }) }
    const { value: page } = await client.ask((events, scope) => events.list(scope, query))
    for (const { event_id } of page?.items ?? []) {
      const { value: event } = await client.ask((events, scope) => events.get(scope, event_id))
      if (event) final.push({ ...handedOf(event), status: event.status })
    }
    cursor = page?.cursor ?? undefined
  } while (cursor !== undefined)
  return final
}
