import type { Crowd } from './crowd.ts'
import { checkInboxWalk, checkListWalk } from '../rules/walks.ts'

/** Reads the inbox without claiming, page by page, and acknowledges some of what it sees, as Zapier does. */
export async function poll(crowd: Crowd, tenant: string): Promise<void> {
  const { random, scheduler } = crowd.world
  while (!crowd.isOver()) {
    const client = crowd.newClient('poller', tenant)
    for (const event_id of await checkInboxWalk(client, random.between(1, 6)))
      if (random.chance(0.1)) await client.acknowledge(event_id)
    await scheduler.sleep(random.between(100, 1_200))
  }
}

/** Looks after a tenant: lists events, gives dead letters another chance, and pokes at what is another tenant's. */
export async function operate(crowd: Crowd, tenant: string): Promise<void> {
  const { random, scheduler } = crowd.world
  while (!crowd.isOver()) {
    await scheduler.sleep(random.between(200, 1_500))
    const client = crowd.newClient('operator', tenant)
    const ids = await checkListWalk(crowd, client, random.between(2, 10))
    if (ids.length > 0 && random.chance(0.5)) await client.redrive(random.pick(ids))
    if (random.chance(0.3)) await client.redriveAll(random.between(1, 5), random.chance(0.3))
    const foreign = crowd.foreignId(tenant)
    if (foreign !== undefined) await client.meddle(foreign)
  }
}
