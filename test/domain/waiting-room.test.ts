import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { WaitingRoom, type Waiter } from '../../src/domain/waiting-room.ts'

/** Far longer than these tests take: what happens before is not the poll's doing. */
const NEVER_MS = 60_000

/** A room with results that a test puts in; each is handed to one waiter. */
function createRoom(t: Test, intervalMs = NEVER_MS) {
  const room = new WaitingRoom<string>(intervalMs)
  t.teardown(() => {
    room.close()
  })
  const results: string[] = []
  const attempts: string[] = []
  const discarded: string[] = []
  const wait = (name: string, change: Partial<Waiter<string>> = {}, tenant = 'acme') =>
    room.wait(tenant, {
      attempt: async () => {
        attempts.push(name)
        await turn()
        return results.shift()
      },
      discard: (result) => discarded.push(result),
      waitMs: NEVER_MS,
      gone: new AbortController().signal,
      ...change,
    })
  return { room, results, attempts, discarded, wait }
}

t.test('who came first is served first, for as long as there is something', async (t) => {
  const { room, results, attempts, wait } = createRoom(t)
  const waiting = ['a', 'b', 'c'].map((name) => wait(name))
  t.equal(room.hasWaiting('acme'), true)
  results.push('1', '2')
  room.wake('acme')
  t.strictSame(await Promise.all(waiting.slice(0, 2)), ['1', '2'])
  await turn()
  t.strictSame(attempts, ['a', 'b', 'c'], 'the third tried too, in vain')
  results.push('3')
  room.wake('acme')
  t.equal(await waiting[2], '3')
  t.equal(room.hasWaiting('acme'), false)
})

t.test('one attempt at a time; a call while it runs is not lost', async (t) => {
  const { room, wait } = createRoom(t)
  let running = 0
  let most = 0
  let attempts = 0
  const open = Promise.withResolvers<undefined>()
  const attempt = async () => {
    most = Math.max(most, ++running)
    attempts++
    if (attempts === 1) await open.promise
    running--
    return attempts > 1 ? 'found' : undefined
  }
  const waiting = wait('a', { attempt })
  for (let n = 0; n < 5; n++) room.wake('acme')
  open.resolve(undefined)
  t.equal(await waiting, 'found')
  t.equal(most, 1)
  t.equal(attempts, 2)
})

t.test('uncalled, one attempt per interval, however many wait', async (t) => {
  const intervalMs = 50
  const { room, attempts, wait } = createRoom(t, intervalMs)
  const startedAt = performance.now()
  const waiting = Array.from({ length: 30 }, (_, n) => wait(String(n)))
  await delay(500)
  room.close()
  await Promise.all(waiting)
  t.ok(attempts.length >= 1, 'it looks by itself')
  const ms = performance.now() - startedAt
  t.ok(attempts.length <= ms / intervalMs, `${attempts.length} attempts in ${ms.toFixed(0)} ms`)
  t.strictSame([...new Set(attempts)], ['0'], 'for who came first')
})

t.test('the time ends it, and so does the caller’s leaving', async (t) => {
  const { room, wait } = createRoom(t)
  t.equal(await wait('a', { waitMs: 10 }), undefined)
  const gone = new AbortController()
  const waiting = wait('b', { gone: gone.signal })
  gone.abort()
  t.equal(await waiting, undefined)
  t.equal(await wait('c', { gone: gone.signal }), undefined, 'gone before it came')
  t.equal(room.hasWaiting('acme'), false)
})

t.test('what was found for somebody who has left is taken back, and the next one tries', async (t) => {
  const { room, results, discarded, attempts, wait } = createRoom(t)
  const gone = new AbortController()
  const open = Promise.withResolvers<string>()
  const first = wait('a', { gone: gone.signal, attempt: () => open.promise })
  const second = wait('b')
  room.wake('acme')
  gone.abort()
  t.equal(await first, undefined)
  results.push('for b')
  open.resolve('for a')
  t.equal(await second, 'for b')
  t.strictSame(discarded, ['for a'])
  t.strictSame(attempts, ['b'])
})

t.test('whose time runs out during its own attempt gets what that finds', async (t) => {
  const { room, results, discarded, wait } = createRoom(t)
  const open = Promise.withResolvers<string | undefined>()
  let attempts = 0
  const attempt = async () => {
    attempts += 1
    return open.promise
  }
  const waiting = wait('a', { waitMs: 20, attempt })
  const next = wait('b')
  room.wake('acme')
  await delay(40)
  open.resolve('late')
  t.equal(await waiting, 'late')
  results.push('for b')
  room.wake('acme')
  t.equal(await next, 'for b')
  t.strictSame(discarded, [])
  t.equal(attempts, 1)

  const nothing = Promise.withResolvers<undefined>()
  const late = wait('c', { waitMs: 20, attempt: () => nothing.promise })
  room.wake('acme')
  await delay(40)
  nothing.resolve(undefined)
  t.equal(await late, undefined, 'one attempt, and no more')
})

t.test('a failure is told to the one whose attempt it was', async (t) => {
  const { room, results, wait } = createRoom(t)
  const first = wait('a', { attempt: () => Promise.reject(new Error('down')) })
  const second = wait('b')
  room.wake('acme')
  await t.rejects(first, { message: 'down' })
  results.push('1')
  room.wake('acme')
  t.equal(await second, '1')

  const gone = new AbortController()
  const failing = Promise.withResolvers<undefined>()
  const third = wait('c', { gone: gone.signal, attempt: () => failing.promise })
  room.wake('acme')
  gone.abort()
  failing.reject(new Error('nobody is told'))
  t.equal(await third, undefined)
})

t.test('the hundred-and-first is answered at once; other tenants have rooms of their own', async (t) => {
  const { room, wait } = createRoom(t)
  const waiting = Array.from({ length: 100 }, (_, n) => wait(String(n)))
  t.equal(await wait('one too many'), undefined)
  t.equal(room.hasWaiting('globex'), false)
  const other = wait('x', { attempt: async () => 'theirs' }, 'globex')
  room.wake('globex')
  t.equal(await other, 'theirs')
  room.wake('nobody')
  room.close()
  t.strictSame(new Set(await Promise.all(waiting)), new Set([undefined]))
})

t.test('closed, it ends all waiting, now and later', async (t) => {
  const { room, attempts, wait } = createRoom(t, 10)
  const waiting = [wait('a'), wait('b', {}, 'globex')]
  room.close()
  t.strictSame(await Promise.all(waiting), [undefined, undefined])
  t.equal(await wait('c'), undefined)
  t.strictSame(attempts, [])
})
