import { randomUUID } from 'node:crypto'
import { ROLES, type Role } from '../../../src/domain/access.ts'
import type { AccessAdminStore } from '../../../src/domain/ports.ts'
import { createKey } from '../../../src/domain/key-management.ts'
import type { Target } from './client.ts'

/** Makes a tenant, and the keys of those who produce and consume its events. */
export async function keysOfNewTenant(access: AccessAdminStore, shards = 1): Promise<Omit<Target, 'urls'>> {
  const tenant = `t-${randomUUID()}`
  const key = async (role: Role) => {
    const wanted = { tenant, scopes: ROLES[role], name: null, valid_until: null }
    return (await createKey(access, Date.now, wanted)).token
  }
  const keys = { producerKey: await key('producer'), consumerKey: await key('consumer') }
  if (shards > 1) await access.growTenant(tenant, { shards, read_shards: shards })
  return keys
}
