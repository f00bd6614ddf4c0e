/** What a key may do. A route declares exactly one of them. */
export const SCOPES = [
  'events:write',
  'events:read',
  'inbox:read',
  'inbox:claim',
  'inbox:ack',
  'admin',
] as const
export type Scope = (typeof SCOPES)[number]

/** Bundles of scopes that keys are made with. */
export const ROLES = {
  producer: ['events:write', 'events:read'],
  consumer: ['events:read', 'inbox:read', 'inbox:claim', 'inbox:ack'],
  admin: SCOPES,
} as const satisfies Record<string, readonly Scope[]>
export type Role = keyof typeof ROLES

/** Whose events: the name that starts every key of its rows, and over how many shards those are spread. */
export interface Tenant {
  name: string
  /** How many shards new events are spread over. */
  shards: number
  /** How many shards are read: raised one cache period before `shards`, so that no task misses a new one. */
  read_shards: number
}

const TENANT_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

export function isTenantName(text: string): boolean {
  return TENANT_NAME.test(text)
}

/** Who is calling: a valid key, and the tenant it belongs to. */
export interface Principal {
  key_id: string
  scopes: readonly Scope[]
  tenant: Tenant
  /** Requests a second that the key may make; null for as many as any other. */
  rate_limit: number | null
}
