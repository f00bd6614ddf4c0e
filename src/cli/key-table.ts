import { ROLES } from '../domain/access.ts'
import { toTimestamp } from '../domain/clock.ts'
import type { ApiKey } from '../domain/ports.ts'

function roleOf({ scopes }: ApiKey): string {
  const role = Object.entries(ROLES).find(([, bundle]) => bundle.join() === scopes.join())
  return role?.[0] ?? scopes.join(' ')
}

function stateOf({ revoked_at, valid_until }: ApiKey, nowMs: number): string {
  if (revoked_at !== null) return 'revoked'
  return valid_until !== null && valid_until <= nowMs ? 'expired' : 'valid'
}

const optionalTimestamp = (ms: number | null) => (ms === null ? null : toTimestamp(ms))

function describe(key: ApiKey, nowMs: number) {
  return {
    key_id: key.key_id,
    tenant: key.tenant,
    role: roleOf(key),
    state: stateOf(key, nowMs),
    created_at: toTimestamp(key.created_at),
    valid_until: optionalTimestamp(key.valid_until),
    rate_limit: key.rate_limit,
    name: key.name,
  }
}

/** Keys as a table for people, or as one JSON array for programs. Never their secrets, which are not known. */
export function formatKeys(keys: ApiKey[], asJson: boolean, nowMs: number): string {
  const rows = keys.map((key) => describe(key, nowMs))
  if (asJson) return `${JSON.stringify(rows)}\n`
  if (rows.length === 0) return 'There are no keys.\n'
  const head = ['KEY ID', 'TENANT', 'ROLE', 'STATE', 'CREATED', 'VALID UNTIL', 'RATE LIMIT', 'NAME']
  const lines = [head, ...rows.map((row) => Object.values(row).map((cell) => String(cell ?? '-')))]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
