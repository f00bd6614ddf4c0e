import type { Handed } from '../../support/history/history.ts'
import type { SimulatedClient } from './client.ts'
import type { Crowd } from './crowd.ts'

/** The longest lease that is asked for, in seconds. */
export const MAX_LEASE_SECONDS = 3

/** A place at which one consumer follows another; some die at their work. */
export async function consume(crowd: Crowd, tenant: string): Promise<void> {
  const { random, scheduler, settings } = crowd.world
  while (!crowd.isOver()) {
    const client = crowd.newClient('consumer', tenant)
    const isDoomed = random.chance(settings.crashes)
    const callOff = scheduler.after(random.between(200, 4_000), () => {
      if (isDoomed) client.kill()
    })
    await work(crowd, client)
    callOff()
  }
}

async function work(crowd: Crowd, client: SimulatedClient): Promise<void> {
  const { random, scheduler } = crowd.world
  while (client.isAlive() && !crowd.isOver()) {
    const seconds = random.between(1, MAX_LEASE_SECONDS)
    const waitSeconds = random.pick([0, 0, 1, 3])
    const { events, lease_id } = await client.claim(random.between(1, 5), seconds, waitSeconds)
    if (lease_id === undefined) {
      await scheduler.sleep(random.between(50, 500))
      continue
    }
    const ids = events.map(({ event_id }) => event_id)
    if (random.chance(0.2)) await client.acknowledgeMany(lease_id, ids)
    else for (const event of events) await handle(crowd, client, event, lease_id)
  }
}

/** Handles one event the way consumers do: well, badly, too slowly, or not at all. */
async function handle(
  { world }: Crowd,
  client: SimulatedClient,
  { event_id }: Handed,
  lease_id: string,
): Promise<void> {
  const { random, scheduler } = world
  const way = random.draw()
  await scheduler.sleep(random.between(0, 150))
  if (!client.isAlive()) return
  if (way < 0.25) return client.acknowledge(event_id, lease_id)
  if (way < 0.28) return client.acknowledge(event_id)
  if (way < 0.4) return client.nack(event_id, { lease_id, delay_seconds: random.between(0, 2) })
  if (way < 0.45) return client.nack(event_id, { lease_id })
  if (way < 0.48) return client.nack(event_id, {})
  if (way < 0.53) return client.nack(event_id, { lease_id, permanent: true })
  if (way < 0.65) return client.release(lease_id, [event_id])
  if (way < 0.8) return holdOn(client, event_id, lease_id)
  // Forgotten: it comes again by itself.
  if (way < 0.85) return
  // Too slow: somebody else may have it by then.
  await scheduler.sleep(random.between(500, 1_000 * MAX_LEASE_SECONDS + 1_500))
  if (!client.isAlive()) return
  if (way < 0.9) return client.acknowledge(event_id, lease_id)
  if (way < 0.94) return client.release(lease_id, [event_id])
  if (way < 0.97) return client.nack(event_id, { lease_id, delay_seconds: 0 })
  return client.extend(lease_id, [event_id], 1)
}

/** Extends the lease while it works, also to an earlier end. */
async function holdOn(client: SimulatedClient, event_id: string, lease_id: string): Promise<void> {
  const { random, scheduler } = client.world
  for (let times = random.between(1, 3); times > 0 && client.isAlive(); times--) {
    await client.extend(lease_id, [event_id], random.between(1, MAX_LEASE_SECONDS))
    await scheduler.sleep(random.between(0, 900))
  }
  if (client.isAlive()) await client.acknowledge(event_id, lease_id)
}
