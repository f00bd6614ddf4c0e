import type { Crowd } from './crowd.ts'

/** Posts events until the time is up: with a key or without, again and again, in batches, from several clients. */
export async function produce(crowd: Crowd, tenant: string): Promise<void> {
  const { world } = crowd
  const { random, scheduler } = world
  while (!crowd.isOver()) {
    const n = crowd.nextNumber()
    const way = random.draw()
    const client = crowd.newClient('producer', tenant)
    const key = `key-${n}`
    if (way < 0.35) await client.create(n)
    else if (way < 0.75) await postWithKey(crowd, tenant, n)
    else if (way < 0.85) await postUnderUsedKey(crowd, tenant, n)
    else
      await client.createBatch([
        { n },
        { n: crowd.nextNumber(), key },
        { n: crowd.nextNumber(), key: `${key}-${random.between(0, 1)}` },
      ])
    await scheduler.sleep(random.between(0, 600))
  }
}

/** The same event from several clients at once, and some of it again later. */
async function postWithKey(crowd: Crowd, tenant: string, n: number): Promise<void> {
  const { random, scheduler } = crowd.world
  const key = `key-${n}`
  const post = () => crowd.newClient('producer', tenant).create(n, key)
  await Promise.all(Array.from({ length: random.between(1, 3) }, post))
  if (!random.chance(0.3)) return
  await scheduler.sleep(random.between(0, 4_000))
  await post()
}

/** Two events under one key, at once: one of them is to be refused. */
async function postUnderUsedKey(crowd: Crowd, tenant: string, n: number): Promise<void> {
  const other = crowd.nextNumber()
  const key = `key-${n}`
  await Promise.all([n, other].map((one) => crowd.newClient('producer', tenant).create(one, key)))
}
