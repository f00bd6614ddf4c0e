import { MAX_SHARDS } from './event-id.ts'
import type { AccessAdminStore } from './ports.ts'

/**
 * Spreads a tenant over more shards, in two steps: every task has to read the new shards before any task writes to
 * them, and tasks learn of a tenant within the time that they remember it for.
 *
 * @param cachePeriod Resolves when every task has forgotten what it knew of the tenant.
 */
export async function growTenant(
  access: AccessAdminStore,
  name: string,
  shards: number,
  cachePeriod: () => Promise<void>,
): Promise<void> {
  if (!Number.isInteger(shards) || shards < 1 || shards > MAX_SHARDS) {
    throw new Error(`A tenant has 1 to ${MAX_SHARDS} shards.`)
  }
  if (!(await access.growTenant(name, { read_shards: shards }))) {
    throw new Error(
      `There is no tenant ${name}, or it has more than ${shards} shards: they never become fewer.`,
    )
  }
  await cachePeriod()
  await access.growTenant(name, { shards })
}
