import type { Scope, Tenant } from '../domain/access.ts'
import type { ApiKey } from '../domain/ports.ts'
import { numberOf, textOf } from './items.ts'
import type { Item } from './keys.ts'

/** The partition that names every tenant. */
export const DIRECTORY = 'directory'
/** Starts the sort key of the pointers from a tenant to its keys. */
export const POINTER = 'key#'

export const tenantPartition = (name: string) => `t#${name}`
export const keyKey = (keyId: string): Item => ({ pk: { S: `k#${keyId}` }, sk: { S: '-' } })
export const tenantKey = (name: string): Item => ({ pk: { S: tenantPartition(name) }, sk: { S: 'tenant' } })
export const directoryKey = (name: string): Item => ({ pk: { S: DIRECTORY }, sk: { S: name } })
export const pointerKey = (tenant: string, keyId: string): Item => ({
  pk: { S: tenantPartition(tenant) },
  sk: { S: POINTER + keyId },
})

const optionalNumber = (name: string, value: number | null): Item =>
  value === null ? {} : { [name]: { N: String(value) } }
const numberOrNull = (item: Item, name: string) => (item[name] === undefined ? null : numberOf(item, name))

export function toKeyItem(key: ApiKey): Item {
  return {
    ...keyKey(key.key_id),
    key_id: { S: key.key_id },
    tenant: { S: key.tenant },
    scopes: { S: key.scopes.join(' ') },
    secret_hash: { S: key.secret_hash },
    ...(key.name === null ? {} : { name: { S: key.name } }),
    created_at: { N: String(key.created_at) },
    ...optionalNumber('valid_until', key.valid_until),
    ...optionalNumber('revoked_at', key.revoked_at),
    ...optionalNumber('rate_limit', key.rate_limit),
  }
}

export function toApiKey(item: Item): ApiKey {
  return {
    key_id: textOf(item, 'key_id'),
    tenant: textOf(item, 'tenant'),
    scopes: textOf(item, 'scopes').split(' ') as Scope[],
    secret_hash: textOf(item, 'secret_hash'),
    name: item['name']?.S ?? null,
    created_at: numberOf(item, 'created_at'),
    valid_until: numberOrNull(item, 'valid_until'),
    revoked_at: numberOrNull(item, 'revoked_at'),
    rate_limit: numberOrNull(item, 'rate_limit'),
  }
}

export function toTenantItem({ name, shards, read_shards }: Tenant): Item {
  return { ...tenantKey(name), shards: { N: String(shards) }, read_shards: { N: String(read_shards) } }
}

export function toTenant(item: Item, name: string): Tenant {
  return { name, shards: numberOf(item, 'shards'), read_shards: numberOf(item, 'read_shards') }
}
