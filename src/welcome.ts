import { ROLES } from './domain/access.ts'
import type { Clock } from './domain/clock.ts'
import { createKey } from './domain/key-management.ts'
import type { AccessAdminStore } from './domain/ports.ts'

const FIRST_TENANT = 'demo'

/** The keys that the first run of the embedded store makes. */
export interface FirstKeys {
  producer: string
  consumer: string
}

/** @returns A producer and a consumer key where there is no tenant yet, else undefined. */
export async function createFirstKeys(
  access: AccessAdminStore,
  clock: Clock,
): Promise<FirstKeys | undefined> {
  if ((await access.listTenants()).length > 0) return undefined
  const create = async (role: 'producer' | 'consumer') => {
    const wanted = { tenant: FIRST_TENANT, scopes: ROLES[role], name: `first ${role}`, valid_until: null }
    return (await createKey(access, clock, wanted)).token
  }
  return { producer: await create('producer'), consumer: await create('consumer') }
}

/** What a first run prints: keys, and a session to paste into a shell line by line. */
export function firstRunText(url: string, { producer, consumer }: FirstKeys): string {
  return `
Triggers API listens on ${url}
Its events are kept in the embedded store: for development, on this machine.

Producer key (shown once): ${producer}
Consumer key (shown once): ${consumer}

A first session: create, get, list, inbox, acknowledge.

EVENT_ID=$(curl -sS ${url}/events -H 'Authorization: Bearer ${producer}' -H 'Content-Type: application/json' -d '{"event_type":"order.created","payload":{"order_id":42}}' | sed 's/.*"event_id":"\\([^"]*\\)".*/\\1/'); echo $EVENT_ID
curl -sS ${url}/events/$EVENT_ID -H 'Authorization: Bearer ${producer}'; echo
curl -sS '${url}/events?limit=5' -H 'Authorization: Bearer ${producer}'; echo
curl -sS ${url}/inbox -H 'Authorization: Bearer ${consumer}'; echo
curl -sS -i -X POST ${url}/events/$EVENT_ID/acknowledge -H 'Authorization: Bearer ${consumer}'

The API in detail: ${url}/docs    More keys: npm run keys -- --help

`
}

/** What later runs print: secrets are not stored, so the keys cannot be shown again. */
export function laterRunText(url: string): string {
  return `
Triggers API listens on ${url}
The keys of the first run go on working. A new one: npm run keys -- create --tenant ${FIRST_TENANT} --role consumer

`
}
