import t from 'tap'
import { supervise } from '../../src/dynamodb/embedded/supervisor.ts'
import type { StoreChild } from '../../src/dynamodb/embedded/store-child.ts'

/** A child that has already died, with what it had said of it before. */
const deadChild = (failure?: string): StoreChild => ({
  pid: 1,
  ready: Promise.resolve(
    failure ? { failure: 'other', message: failure } : { endpoint: 'http://127.0.0.1:1' },
  ),
  died: Promise.resolve('ended by SIGKILL'),
  unref: () => undefined,
  stop: () => Promise.resolve(),
})

t.test('gives up when one child after the other dies at once', async (t) => {
  const reasons: string[] = []
  const waits: number[] = []
  const lastReason = await new Promise((resolve) => {
    supervise(deadChild(), {
      restart: () => deadChild('no space left'),
      onRestart: (reason) => reasons.push(reason),
      onGiveUp: resolve,
      wait: async (ms) => {
        waits.push(ms)
      },
    })
  })
  t.equal(lastReason, 'no space left')
  t.same(reasons, ['ended by SIGKILL', ...Array<string>(8).fill('no space left')])
  t.same(waits, [0, 100, 200, 400, 800, 1600, 2000, 2000, 2000])
})

t.test('starts no child once it was stopped', async (t) => {
  let stop: () => Promise<void> = () => Promise.resolve()
  await new Promise<void>((resolve) => {
    stop = supervise(deadChild(), {
      restart: () => t.fail('was started') as never,
      onRestart: () => undefined,
      onGiveUp: () => t.fail('gave up'),
      wait: async () => {
        await stop()
        t.pass('was stopped while it waited')
        resolve()
      },
    })
  })
})
