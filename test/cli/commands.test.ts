import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { parseDuration, parseMoment } from '../../src/cli/time-arguments.ts'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { runToEnd } from '../support/service.ts'

const folder = await mkdtemp(join(tmpdir(), 'triggers-cli-'))
const embedded = await openEmbeddedStore({ folder })
t.teardown(async () => {
  await embedded.stop()
  await rm(folder, { recursive: true })
})
const environment = { DYNAMODB_ENDPOINT: embedded.endpoint, DYNAMODB_TABLE: `events-${randomUUID()}` }
const keys = (...args: string[]) => runToEnd('cli/keys.ts', args, environment)
const TOKEN = /^trg_([0-9a-f]{16})_[0-9a-f]{64}\n$/
const idIn = (stdout: string) => TOKEN.exec(stdout)?.[1] ?? ''

t.test('migrate creates the table, then checks it', async (t) => {
  const first = await runToEnd('cli/migrate.ts', [], environment)
  t.strictSame(first, {
    code: 0,
    stderr: '',
    stdout: `The table ${environment.DYNAMODB_TABLE} is created.\n`,
  })
  const second = await runToEnd('cli/migrate.ts', [], environment)
  t.strictSame(second, {
    code: 0,
    stderr: '',
    stdout: `The table ${environment.DYNAMODB_TABLE} is there and fits.\n`,
  })
})

t.test('migrate prepares the embedded store', async (t) => {
  const { code, stdout } = await runToEnd('cli/migrate.ts', [], { DATA_FOLDER: t.testdir() })
  t.equal(code, 0)
  t.match(stdout, /^The embedded store in .* is ready\.\n$/)
})

t.test('a key is made, listed, rotated and revoked', async (t) => {
  const none = await keys('list')
  t.equal(none.stdout, 'There are no keys.\n')
  const made = await keys('create', '--tenant', 'acme', '--role', 'consumer', '--expires', '90d')
  t.equal(made.code, 0, made.stderr)
  t.match(made.stdout, TOKEN)
  t.notMatch(made.stderr, made.stdout.trim())
  const rotated = await keys('rotate', idIn(made.stdout), '--grace', '0m')
  t.match(rotated.stdout, TOKEN)
  const revoked = await keys('revoke', idIn(rotated.stdout))
  t.match(revoked, { code: 0, stdout: '' })
  const again = await keys('rotate', idIn(rotated.stdout))
  t.match(again, { code: 1, stderr: /is revoked/ })
  const listed = JSON.parse((await keys('list', '--tenant', 'acme', '--json')).stdout) as {
    key_id: string
    state: string
  }[]
  t.strictSame(Object.fromEntries(listed.map(({ key_id, state }) => [key_id, state])), {
    [idIn(made.stdout)]: 'expired',
    [idIn(rotated.stdout)]: 'revoked',
  })
  t.match(listed[0], { tenant: 'acme', role: 'consumer', name: null })
})

t.test('a key may have a rate limit of its own, which is shown and can be changed', async (t) => {
  const { stdout } = await keys('create', '--tenant', 'limited', '--role', 'producer', '--rate-limit', '50')
  const limited = await keys('limit', idIn(stdout), '--rate-limit', '7')
  t.match(limited, { code: 0, stdout: '', stderr: /7 requests a second/ })
  const { stdout: json } = await keys('list', '--tenant', 'limited', '--json')
  t.match(JSON.parse(json), [{ key_id: idIn(stdout), rate_limit: 7 }])
})

t.test('wrong calls are explained, and nothing is made', async (t) => {
  const wrong: [RegExp, ...string[]][] = [
    [/A command is missing/],
    [/There is no command frob/, 'frob'],
    [/--role is missing/, 'create', '--tenant', 'acme'],
    [/--role must be one of producer, consumer, admin/, 'create', '--tenant', 'acme', '--role', 'root'],
    [/--tenant is missing/, 'create', '--role', 'admin'],
    [
      /--expires is in the past/,
      'create',
      '--tenant',
      'a',
      '--role',
      'admin',
      '--expires',
      '2020-01-01T00:00:00Z',
    ],
    [/--expires must be a time/, 'create', '--tenant', 'a', '--role', 'admin', '--expires', 'soon'],
    [/--name has more than 100/, 'create', '--tenant', 'a', '--role', 'admin', '--name', 'x'.repeat(101)],
    [/--grace must be a duration/, 'rotate', 'abc', '--grace', 'soon'],
    [/The key id is missing/, 'revoke'],
    [/--rate-limit is missing/, 'limit', 'abc'],
    [/--rate-limit must be from 1 to 1000000/, 'limit', 'abc', '--rate-limit', '1.5'],
    [/Too many arguments: c/, 'revoke', 'b', 'c'],
    [/Unknown option/, 'list', '--frob'],
  ]
  for (const [message, ...args] of wrong) {
    const { code, stdout, stderr } = await keys(...args)
    t.match({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
    t.match(stderr, message)
  }
  t.match(await keys('create', '--tenant', 'Not A Name', '--role', 'admin'), {
    code: 1,
    stderr: /A tenant name has/,
  })
  t.match(await keys('revoke', '0000000000000000'), { code: 1, stderr: /There is no key 0000000000000000/ })
  t.match(await keys('rotate', '0000000000000000'), { code: 1, stderr: /There is no key 0000000000000000/ })
})

t.test('tenants are listed; wrong calls are explained', async (t) => {
  const tenants = (...args: string[]) => runToEnd('cli/tenants.ts', args, environment)
  t.match(await tenants('list'), { code: 0, stdout: 'acme\t1 shards, 1 read\n' })
  t.match(await tenants(), { code: 2, stderr: /A command is missing/ })
  t.match(await tenants('shrink'), { code: 2, stderr: /There is no command shrink/ })
  t.match(await tenants('grow'), { code: 2, stderr: /The name of the tenant is missing/ })
  t.match(await tenants('grow', 'acme', '4'), { code: 2, stderr: /Too many arguments: 4/ })
  t.match(await tenants('grow', 'acme', '--shards', 'four'), { code: 2, stderr: /--shards must be a number/ })
  t.match(await tenants('grow', 'acme', '--shards', '33'), { code: 1, stderr: /A tenant has 1 to 32 shards/ })
  t.match(await tenants('grow', 'nobody', '--shards', '4'), { code: 1, stderr: /There is no tenant nobody/ })
})

t.test('help is to be had, and an unreachable table is said', async (t) => {
  for (const file of ['cli/keys.ts', 'cli/tenants.ts', 'cli/migrate.ts', 'cli/openapi.ts']) {
    const { code, stdout } = await runToEnd(file, ['--help'], {})
    t.equal(code, 0)
    t.match(stdout, /npm run /)
  }
  const { code, stderr } = await runToEnd('cli/keys.ts', ['list'], {
    DYNAMODB_ENDPOINT: 'http://127.0.0.1:1',
  })
  t.equal(code, 1)
  t.match(stderr, /The event store does not answer now.*ECONNREFUSED/)
})

t.test('the committed OpenAPI document is what the code says', async (t) => {
  t.match(await runToEnd('cli/openapi.ts', ['--check'], {}), { code: 0, stderr: '' })
})

t.test('times and durations', async (t) => {
  t.equal(parseDuration('--grace', '90d'), 90 * 86_400_000)
  t.equal(parseMoment('--expires', '30m', 1_000), 1_801_000)
  t.equal(parseMoment('--expires', '1970-01-01T00:00:02Z', 1_000), 2_000)
})
