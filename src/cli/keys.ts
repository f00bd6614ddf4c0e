import { parseArgs } from 'node:util'
import { ROLES, type Role } from '../domain/access.ts'
import { createKey, limitKey, revokeKey, rotateKey, type CreatedKey } from '../domain/key-management.ts'
import type { AccessAdminStore } from '../domain/ports.ts'
import { runCommand, UsageError } from './command.ts'
import { withAccess } from './with-access.ts'
import { formatKeys } from './key-table.ts'
import { parseDuration, parseMoment } from './time-arguments.ts'

const HELP = `Manages API keys in the configured table (DYNAMODB_TABLE, DYNAMODB_ENDPOINT, AWS_REGION), or in the embedded
store where none is configured, whether the server is running or not.

  npm run keys -- create --tenant NAME --role producer|consumer|admin [--name TEXT] [--expires WHEN]
                         [--rate-limit N]
  npm run keys -- list [--tenant NAME] [--json]
  npm run keys -- limit KEY_ID --rate-limit N
  npm run keys -- revoke KEY_ID
  npm run keys -- rotate KEY_ID [--grace DURATION]

create   makes a key, and the tenant where it is new. The key stands alone on a line of stdout; it is shown this once.
list     shows every key, or those of one tenant, without secrets.
limit    gives a key another rate limit; running tasks keep to it within 60 seconds.
revoke   ends a key; running tasks refuse it within 60 seconds.
rotate   makes another key with the same rights; the old one stays valid for the grace period (default 24h).

  --tenant   1–63 lower-case letters, digits and hyphens; starts with a letter or digit
  --role     producer: post and read events; consumer: read events, read and acknowledge the inbox; admin: everything
  --name     a note for people, up to 100 characters
  --expires  a time (2027-01-31T00:00:00Z) or a time from now (90d, 12h, 30m)
  --grace    a time from now (24h, 30m, 0m)
  --rate-limit  requests a second in each task, 1 to 1000000 (default: RATE_LIMIT_PER_SECOND of the task)
`

const MAX_NAME_LENGTH = 100
const MAX_RATE = 1_000_000

type Options = Record<string, string | boolean | undefined>

const textOption = (options: Options, name: string) => {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

function required(value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw new UsageError(`${what} is missing.`)
  return value
}

function parseRate(text: string): number {
  const rate = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (rate < 1 || rate > MAX_RATE) throw new UsageError(`--rate-limit must be from 1 to ${MAX_RATE}.`)
  return rate
}

/** The token alone goes to stdout, so that a script can take it; what is for people goes to stderr. */
function printCreated({ key, token }: CreatedKey): void {
  const end =
    key.valid_until === null ? 'does not expire' : `expires ${new Date(key.valid_until).toISOString()}`
  process.stderr.write(`Key ${key.key_id} of tenant ${key.tenant} (${end}). It is shown this once:\n`)
  process.stdout.write(`${token}\n`)
}

async function create(access: AccessAdminStore, options: Options): Promise<void> {
  const role = required(textOption(options, 'role'), '--role')
  if (!(role in ROLES)) throw new UsageError(`--role must be one of ${Object.keys(ROLES).join(', ')}.`)
  const name = textOption(options, 'name') ?? null
  if (name !== null && name.length > MAX_NAME_LENGTH)
    throw new UsageError(`--name has more than ${MAX_NAME_LENGTH} characters.`)
  const expires = textOption(options, 'expires')
  const valid_until = expires === undefined ? null : parseMoment('--expires', expires, Date.now())
  const rate = textOption(options, 'rate-limit')
  const rate_limit = rate === undefined ? null : parseRate(rate)
  const tenant = required(textOption(options, 'tenant'), '--tenant')
  const wanted = { tenant, scopes: ROLES[role as Role], name, valid_until, rate_limit }
  printCreated(await createKey(access, Date.now, wanted))
}

async function list(access: AccessAdminStore, options: Options): Promise<void> {
  const tenant = textOption(options, 'tenant')
  const tenants = tenant === undefined ? await access.listTenants() : [tenant]
  const keys = (await Promise.all(tenants.map((name) => access.listKeys(name)))).flat()
  process.stdout.write(formatKeys(keys, options['json'] === true, Date.now()))
}

async function limit(access: AccessAdminStore, keyId: string, rate: number): Promise<void> {
  await limitKey(access, keyId, rate)
  process.stderr.write(
    `Key ${keyId} may make ${rate} requests a second; running tasks know within 60 seconds.\n`,
  )
}

async function revoke(access: AccessAdminStore, keyId: string): Promise<void> {
  await revokeKey(access, Date.now, keyId)
  process.stderr.write(`Key ${keyId} is revoked; running tasks refuse it within 60 seconds.\n`)
}

async function rotate(access: AccessAdminStore, keyId: string, options: Options): Promise<void> {
  const graceMs = parseDuration('--grace', textOption(options, 'grace') ?? '24h')
  const created = await rotateKey(access, Date.now, keyId, graceMs)
  process.stderr.write(`Key ${keyId} ends ${new Date(Date.now() + graceMs).toISOString()} at the latest.\n`)
  printCreated(created)
}

/** Finds the command and checks its arguments, before anything is opened. */
function parse(args: string[]): (access: AccessAdminStore) => Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      tenant: { type: 'string' },
      role: { type: 'string' },
      name: { type: 'string' },
      expires: { type: 'string' },
      grace: { type: 'string' },
      'rate-limit': { type: 'string' },
      json: { type: 'boolean' },
    },
  })
  const [command, keyId, ...rest] = positionals
  if (rest.length > 0) throw new UsageError(`Too many arguments: ${rest.join(' ')}`)
  if (command === 'create') return (access) => create(access, values)
  if (command === 'list') return (access) => list(access, values)
  const id = () => required(keyId, 'The key id')
  if (command === 'limit') {
    const rate = parseRate(required(textOption(values, 'rate-limit'), '--rate-limit'))
    return (access) => limit(access, id(), rate)
  }
  if (command === 'revoke') return (access) => revoke(access, id())
  if (command === 'rotate') return (access) => rotate(access, id(), values)
  throw new UsageError(command === undefined ? 'A command is missing.' : `There is no command ${command}.`)
}

await runCommand(HELP, async (args) => {
  await withAccess(parse(args))
})
