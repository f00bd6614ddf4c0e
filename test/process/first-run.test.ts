import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { createHttpClient, firstKeys, runToEnd, startService } from '../support/service.ts'

const exec = promisify(execFile)

t.test('a first run prints keys and a session that works, line by line', async (t) => {
  const environment = { DATA_FOLDER: t.testdir() }
  const service = await startService(t, environment)
  await firstKeys(service)
  const printed = service.stdout()
  const lines = printed.split('\n').filter((line) => line.startsWith('curl ') || line.startsWith('EVENT_ID='))
  t.equal(lines.length, 5)
  const script = lines.map((line) => `echo "--"; ${line}`).join('\n')
  const { stdout } = await exec('bash', ['-c', script])
  const [, created, got, listed, inbox, acknowledged] = stdout.split('--\n')
  const id = created?.trim() ?? ''
  t.match(id, /^evt_[0-9a-z]{26}$/)
  const event = JSON.parse(got ?? '') as { event_id: string }
  t.match(event, { event_id: id, event_type: 'order.created', payload: { order_id: 42 }, status: 'pending' })
  t.match(JSON.parse(listed ?? ''), [{ event_id: id, status: 'pending' }])
  t.strictSame(JSON.parse(inbox ?? ''), [event])
  t.match(acknowledged, /^HTTP\/1.1 204 /)
})

t.test('events and keys survive a restart, and the keys are not shown again', async (t) => {
  const environment = { DATA_FOLDER: t.testdir() }
  const call = createHttpClient(t)
  const first = await startService(t, environment)
  const { producer, consumer } = await firstKeys(first)
  const created = await call('POST', `${first.url}/events`, producer, { event_type: 'a', payload: {} })
  t.equal(created.status, 201)
  t.equal(await first.stop(), 0)

  const second = await startService(t, environment)
  const inbox = await call('GET', `${second.url}/inbox`, consumer)
  t.strictSame(inbox.body, [created.body])
  t.notMatch(second.stdout(), producer)
  t.equal(await second.stop('SIGINT'), 0)
})

t.test('keys are managed while the server runs and while it does not', async (t) => {
  const environment = { DATA_FOLDER: t.testdir() }
  const call = createHttpClient(t)
  const create = ['create', '--tenant', 'acme', '--role', 'producer', '--name', 'shop']
  const offline = await runToEnd('cli/keys.ts', create, environment)
  t.equal(offline.code, 0, offline.stderr)
  t.match(offline.stdout, /^trg_[0-9a-f]{16}_[0-9a-f]{64}\n$/)

  const service = await startService(t, environment)
  const online = await runToEnd('cli/keys.ts', create, environment)
  t.equal(online.code, 0, online.stderr)
  for (const { stdout } of [offline, online]) {
    const answer = await call('POST', `${service.url}/events`, stdout.trim(), {
      event_type: 'a',
      payload: {},
    })
    t.equal(answer.status, 201)
  }
  const listed = await runToEnd('cli/keys.ts', ['list', '--tenant', 'acme'], environment)
  t.match(listed.stdout, /^KEY ID .*\n(?:[0-9a-f]{16} {2}acme {4}producer {2}valid .* shop\n){2}$/)
  t.equal(await service.stop(), 0)
})

t.test(
  'production refuses to start on the embedded store, and says every fault of the configuration',
  async (t) => {
    const { code, stderr } = await runToEnd('server.ts', [], { NODE_ENV: 'production', PORT: 'http' })
    t.equal(code, 1)
    t.equal(
      stderr,
      'The configuration has 3 faults:\n' +
        '  PORT must be integer\n' +
        '  CURSOR_SECRET is required in production\n' +
        '  DYNAMODB_TABLE is required in production: the embedded store is for development alone\n',
    )
  },
)

t.test('a port that is taken is said plainly', async (t) => {
  const service = await startService(t, { DATA_FOLDER: t.testdir() })
  const port = new URL(service.url).port
  const { code, stderr } = await runToEnd('server.ts', [], {
    DYNAMODB_ENDPOINT: 'http://127.0.0.1:1',
    PORT: port,
  })
  t.equal(code, 1)
  t.match(stderr, /EADDRINUSE.*\n$/)
})
