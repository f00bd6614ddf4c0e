import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { Turns } from '../../src/domain/turns.ts'

const PATIENT = new AbortController().signal

/** Callers that work until they are told to stop. */
function createLine(capacity: number) {
  const turns = new Turns(capacity)
  const working: string[] = []
  const stops = new Map<string, PromiseWithResolvers<undefined>>()
  return {
    working,
    come: (name: string, weight: number, signal = PATIENT, tenant = 'acme') => {
      const stop = Promise.withResolvers<undefined>()
      stops.set(name, stop)
      return turns.take(tenant, { weight, signal }, async () => {
        working.push(name)
        await stop.promise.finally(() => working.splice(working.indexOf(name), 1))
        return name
      })
    },
    stop: async (name: string) => {
      stops.get(name)?.resolve(undefined)
      await turn()
    },
    fail: async (name: string) => {
      stops.get(name)?.reject(new Error('failed'))
      await turn()
    },
  }
}

t.test('by order of arrival, as many as weigh no more than the capacity', async (t) => {
  const { come, stop, working } = createLine(10)
  const all = [come('a', 6), come('b', 6), come('c', 4)]
  await turn()
  t.strictSame(working, ['a'], 'the third would fit, but came after the second')
  await stop('a')
  t.strictSame(working, ['b', 'c'])
  for (const name of ['b', 'c']) await stop(name)
  t.strictSame(await Promise.all(all), ['a', 'b', 'c'])
})

t.test('who weighs more than the capacity is let in alone', async (t) => {
  const { come, stop, working } = createLine(10)
  const all = [come('light', 1), come('heavy', 100), come('next', 1)]
  await turn()
  t.strictSame(working, ['light'])
  await stop('light')
  t.strictSame(working, ['heavy'])
  await stop('heavy')
  t.strictSame(working, ['next'])
  await stop('next')
  await Promise.all(all)
})

t.test('a failure ends a turn too', async (t) => {
  const { come, stop, fail, working } = createLine(1)
  const first = t.rejects(come('a', 1), { message: 'failed' })
  const second = come('b', 1)
  await fail('a')
  await first
  t.strictSame(working, ['b'])
  await stop('b')
  t.equal(await second, 'b')
})

t.test('who runs out of time leaves the line, and holds up nobody', async (t) => {
  const { come, stop, working } = createLine(10)
  const hurried = new AbortController()
  const first = come('a', 6)
  const second = t.rejects(come('b', 6, hurried.signal), { code: 'unavailable' })
  const third = come('c', 4)
  await turn()
  t.strictSame(working, ['a'])
  hurried.abort()
  await second
  t.strictSame(working, ['a', 'c'])
  for (const name of ['a', 'c']) await stop(name)
  await Promise.all([first, third])
})

t.test('each tenant has a line of its own', async (t) => {
  const { come, stop, working } = createLine(1)
  const all = [come('a', 1), come('b', 1, PATIENT, 'globex')]
  await turn()
  t.strictSame(working, ['a', 'b'])
  for (const name of ['a', 'b']) await stop(name)
  await Promise.all(all)
})
