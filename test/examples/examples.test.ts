import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { EventAnswer } from '../../src/schemas/event.ts'
import { createHttpClient, firstKeys, startService } from '../support/service.ts'

const PATIENCE_MS = 30_000

async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS
  while (!(await isTrue())) {
    if (Date.now() > giveUpAt) throw new Error(`Not so in time: ${what}`)
    await delay(50)
  }
}

/** A service of its own, and an example that consumes from it. */
async function open(t: Test, file: string, environment: Record<string, string> = {}) {
  const service = await startService(t, { DATA_FOLDER: t.testdir() })
  const { producer, consumer } = await firstKeys(service)
  const call = createHttpClient(t)
  const post = async (payload: object) => {
    const body = { event_type: 'order.created', payload }
    const answer = await call('POST', `${service.url}/events`, producer, body)
    return (answer.body as EventAnswer).event_id
  }
  const read = async (id: string) =>
    (await call('GET', `${service.url}/events/${id}`, consumer)).body as EventAnswer
  const start = () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../examples', file)], {
      env: { PATH: process.env['PATH'], TRIGGERS_URL: service.url, TRIGGERS_KEY: consumer, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const closed = once(child, 'close') as Promise<[number | null]>
    t.teardown(async () => {
      child.kill('SIGKILL')
      await closed
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    }
    const stop = async () => {
      child.kill('SIGTERM')
      const [code] = await closed
      return code
    }
    return { output: () => output, stop }
  }
  return { post, read, start }
}

t.test('the poller handles what is there, acknowledges it and stops', async (t) => {
  const { post, read, start } = await open(t, 'poller.ts', { POLL_SECONDS: '1' })
  const ids = [await post({ n: 1 }), await post({ n: 2 })]
  const { output, stop } = start()
  ids.push(await post({ n: 3 }))
  const isDone = async () => (await Promise.all(ids.map(read))).every(({ status }) => status === 'delivered')
  await until(isDone, 'all are delivered')
  for (const id of ids) t.equal(output().split(`${id} order.created`).length, 2, 'handled once')
  t.equal(await stop(), 0)
  t.match(output(), /stopped\n$/)
})

t.test('the worker works, extends, acknowledges and rejects', async (t) => {
  const { post, read, start } = await open(t, 'worker.ts', { LEASE_SECONDS: '2' })
  const { output, stop } = start()
  const quick = await post({})
  const failing = await post({ fail: 'the shop answered 502' })
  const slow = await post({ work_ms: 5_000 })
  const isDone = async () => (await read(slow)).status === 'delivered'
  await until(isDone, 'the slow one is delivered')
  t.match(await read(slow), { delivery_attempts: 1 }, 'it was held all the time')
  t.match(await read(quick), { status: 'delivered', delivery_attempts: 1 })
  t.match(await read(failing), {
    status: 'undelivered',
    last_failure_reason: 'Error: the shop answered 502',
  })
  t.equal(await stop(), 0, 'also while it waits')
  t.match(output(), /stopped\n$/)
})

t.test('at SIGTERM the worker finishes the event at hand and gives the others back', async (t) => {
  const { post, read, start } = await open(t, 'worker.ts')
  const ids: string[] = []
  for (let n = 0; n < 4; n++) ids.push(await post({ work_ms: 2_000 }))
  const { output, stop } = start()
  await until(() => output().includes('working on'), 'it works')
  t.equal(await stop(), 0)
  const [first, ...others] = await Promise.all(ids.map(read))
  t.match(first, { status: 'delivered', delivery_attempts: 1 })
  for (const event of others) {
    t.match(event, { status: 'undelivered', lease_expires_at: null, delivery_attempts: 1 })
  }
})
