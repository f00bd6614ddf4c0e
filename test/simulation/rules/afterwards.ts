import { isExpired } from '../../../src/dynamodb/items.ts'
import { ulidOf } from '../../../src/domain/event-id.ts'
import type { FinalEvent } from '../../support/history/history.ts'
import type { Crowd } from '../clients/crowd.ts'
import { CONFIG } from '../world/task.ts'

const QUIET_TENANT = 'quiet'
const QUIET_EVENTS = 5
/** One clock may be an hour ahead, the other one behind. */
const MAX_CLOCKS_DIFFER_MS = 3 * 3_600_000

/** A tenant that nobody disturbs, with one consumer, sees its events in the order of their making. */
export async function checkOrder(crowd: Crowd): Promise<void> {
  const { world } = crowd
  const client = crowd.newClient('consumer', QUIET_TENANT)
  const posted: string[] = []
  for (let n = 0; n < QUIET_EVENTS; n++) {
    const body = { event_type: 'quiet', payload: { n } }
    const { value } = await client.ask((events, scope) => events.create(scope, body))
    posted.push(value?.event.event_id ?? '')
    // So that no other task's clock puts the next one before it.
    await world.scheduler.sleep(2 * world.settings.maxSkewMs + 1)
  }
  await world.scheduler.sleep(world.settings.maxLagMs)
  const read = (await client.ask((events, scope) => events.inbox(scope, { limit: 100 }))).value
  const body = { limit: 100, lease_seconds: 1, wait_seconds: 0 }
  const claimed = (await client.ask((events, scope, gone) => events.claim(scope, body, gone))).value
  for (const [verb, events] of [
    ['read', read?.items ?? []],
    ['claimed', claimed?.events ?? []],
  ] as const) {
    const ids = events.map(({ event_id }) => event_id)
    if (ids.join() !== posted.join())
      world.violate('out of order', `${verb} ${ids.join()}, posted ${posted.join()}`)
  }
}

/** When it has expired nothing is found any more, whether or not DynamoDB has deleted it. */
export async function checkExpired(crowd: Crowd, tenant: string, final: FinalEvent[]): Promise<void> {
  const { world } = crowd
  await world.scheduler.sleep(1_000 * (CONFIG.retentionSeconds + 1) + MAX_CLOCKS_DIFFER_MS)
  const now = world.scheduler.now
  world.store.deleteWhere((item) => isExpired(item, now) && world.random.chance(0.3))
  const client = crowd.newClient('archaeologist', tenant)
  const shown = await client.ask((events, scope) => events.list(scope, { limit: 100 }))
  const gone = new Set(final.filter(({ status }) => status === 'delivered' || status === 'failed').map(idOf))
  for (const { event_id } of shown.value?.items ?? [])
    if (gone.has(event_id)) world.violate('shown after it expired', event_id)
  for (const event_id of [...gone].slice(0, QUIET_EVENTS)) {
    if (ulidOf(event_id) === undefined) continue
    for (const reply of [
      await client.ask((events, scope) => events.get(scope, event_id)),
      await client.ask((events, scope) => events.redrive(scope, event_id, () => undefined)),
      await client.ask((events, scope) => events.acknowledge(scope, event_id, undefined, () => undefined)),
    ])
      if (reply.code !== 'not_found') world.violate('shown after it expired', event_id)
  }
}

const idOf = ({ event_id }: FinalEvent) => event_id
