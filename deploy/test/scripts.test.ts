import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

const DEPLOY = join(import.meta.dirname, '..')

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'triggers-scripts-'))
  t.after(() => {
    rmSync(folder, { recursive: true })
  })
  return folder
}

/** Runs a script to its end. */
async function script(name: string, args: string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, ...environment }
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(join(DEPLOY, name), args, { env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr })
    })
  })
}

/** `npm start` as a first run: its address and its two keys. */
async function firstRun(t: TestContext) {
  const folder = temporary(t)
  const child = spawn(process.execPath, [join(DEPLOY, '../src/server.ts')], {
    env: { PATH: process.env['PATH'], PORT: '0', SHUTDOWN_SETTLE_MS: '0', DATA_FOLDER: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill()
    await ended
  })
  let output = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += String(chunk)
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? []
    const [producer, consumer] = output.match(/trg_\w+/g) ?? []
    if (url !== undefined && producer !== undefined && consumer !== undefined)
      return { url, producer, consumer }
  }
  throw new Error(`The service did not start: ${output}`)
}

test('smoke.sh passes on the service as it is, and fails on what is not it', async (t) => {
  const { url, producer, consumer } = await firstRun(t)
  const good = await script('smoke.sh', [url, producer, consumer])
  assert.equal(good.code, 0, good.stdout)
  assert.equal(good.stdout.match(/^ok /gm)?.length, 13)

  // Each in the other's place: what the keys may not do is told.
  const swapped = await script('smoke.sh', [url, consumer, producer])
  assert.equal(swapped.code, 1)
  assert.match(swapped.stdout, /^FAILED {2}an event is accepted: 403/m)

  const gone = await script('smoke.sh', ['http://127.0.0.1:1', producer, consumer])
  assert.equal(gone.code, 1)
  assert.doesNotMatch(gone.stdout, /^ok /m)
})

test('smoke.sh says how it is called', async () => {
  const { code, stderr } = await script('smoke.sh', ['http://127.0.0.1:1'])
  assert.equal(code, 2)
  assert.match(stderr, /^Usage/)
})

async function runCommand(t: TestContext, args: string[], exitCode = '0') {
  const calls = join(temporary(t), 'calls')
  const result = await script('run-command.sh', args, {
    PATH: `${join(import.meta.dirname, 'support/bin')}:${process.env['PATH'] ?? ''}`,
    AWS_CALLS: calls,
    AWS_EXIT_CODE: exitCode,
  })
  return { ...result, calls: readFileSync(calls, 'utf8').trim().split('\n') }
}

test('run-command.sh shows what the command printed and leaves no log of it', async (t) => {
  const args = [
    'triggers-api',
    'keys',
    'create',
    '--tenant',
    'acme',
    '--role',
    'producer',
    '--name',
    'a "quoted" name',
  ]
  const { code, stdout, calls } = await runCommand(t, args)
  assert.equal(code, 0)
  assert.match(stdout, /^trg_shown_once$/m)
  const run = calls.find((call) => call.startsWith('ecs run-task')) ?? ''
  const [overrides = ''] = /\{.*\}(?= --output)/.exec(run.slice(run.indexOf('--overrides'))) ?? []
  assert.deepEqual(JSON.parse(overrides), {
    containerOverrides: [{ name: 'admin', command: ['node', 'src/cli/keys.ts', ...args.slice(2)] }],
  })
  assert.match(run, /subnets=\[TaskSubnets-value\],securityGroups=\[TaskSecurityGroup-value\]/)
  assert.match(calls.at(-1) ?? '', /^logs delete-log-stream .* run\/admin\/0123abcd$/)
})

test('run-command.sh fails with the command, and leaves no log then either', async (t) => {
  const { code, calls } = await runCommand(t, ['triggers-api', 'migrate'], '1')
  assert.equal(code, 1)
  assert.match(calls.at(-1) ?? '', /^logs delete-log-stream/)
})
