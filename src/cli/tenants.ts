import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { POSITIVE_TTL_MS } from '../domain/authenticator.ts'
import { growTenant } from '../domain/grow-tenant.ts'
import type { AccessAdminStore } from '../domain/ports.ts'
import { runCommand, UsageError } from './command.ts'
import { withAccess } from './with-access.ts'

const HELP = `Lists tenants and spreads them over shards, in the configured table or the embedded store.

  npm run tenants -- list
  npm run tenants -- grow NAME --shards COUNT

list   shows every tenant with its shards. Tenants are made with their first key: npm run keys -- create.
grow   spreads a tenant over COUNT shards (up to 32; each carries about 250 events a second), while everything runs. It
       takes a good minute: every task must read the new shards before any writes to them. Repeat it if it is cut off.
`

/** What tasks remember of a tenant, and a margin for their clocks. */
const CACHE_PERIOD_MS = POSITIVE_TTL_MS + 5_000

async function list(access: AccessAdminStore): Promise<void> {
  for (const name of await access.listTenants()) {
    const tenant = await access.findTenant(name)
    process.stdout.write(
      `${name}\t${tenant ? `${tenant.shards} shards, ${tenant.read_shards} read` : 'incomplete'}\n`,
    )
  }
}

async function grow(access: AccessAdminStore, name: string, shards: number): Promise<void> {
  await growTenant(access, name, shards, async () => {
    process.stderr.write(
      `Every task reads ${shards} shards within ${CACHE_PERIOD_MS / 1000} s; then they are written to …\n`,
    )
    await wait(CACHE_PERIOD_MS)
  })
  process.stderr.write(`Tenant ${name} is spread over ${shards} shards.\n`)
}

function parse(args: string[]): (access: AccessAdminStore) => Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { shards: { type: 'string' } },
  })
  const [command, name, ...rest] = positionals
  if (rest.length > 0) throw new UsageError(`Too many arguments: ${rest.join(' ')}`)
  if (command === 'list') return list
  if (command !== 'grow')
    throw new UsageError(command === undefined ? 'A command is missing.' : `There is no command ${command}.`)
  if (name === undefined) throw new UsageError('The name of the tenant is missing.')
  if (!/^\d{1,2}$/.test(values.shards ?? '')) throw new UsageError('--shards must be a number from 1 to 32.')
  return (access) => grow(access, name, Number(values.shards))
}

await runCommand(HELP, async (args) => {
  await withAccess(parse(args))
})
