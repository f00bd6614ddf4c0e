import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createHttpClient } from '../support/service.ts'
import { startObservedService } from '../support/observed-service.ts'

const SOCKETS = 200
const BYTE_EVERY_MS = 200
/** They have 10 s; what the test's own machine is late by comes on top. */
const CLOSED_WITHIN_MS = 13_000

/** Sends the text byte by byte. @returns What came back until the connection was closed, and when that was. */
async function sendSlowly(port: number, quick: string, slow: string): Promise<{ text: string; ms: number }> {
  const startedAt = Date.now()
  const socket = connect({ host: '127.0.0.1', port })
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  socket.write(quick)
  let at = 0
  const timer = setInterval(() => socket.write(slow[at++] ?? 'x'), BYTE_EVERY_MS)
  await closed
  clearInterval(timer)
  return { text, ms: Date.now() - startedAt }
}

t.test(
  '200 clients that send byte by byte are closed within 10 s, and others are served meanwhile',
  async (t) => {
    const service = await startObservedService(t, {})
    const port = Number(/:(\d+)/.exec(service.url)?.[1])
    const authorization = `Authorization: Bearer ${service.keys.producer}\r\n`
    const head = `POST /events HTTP/1.1\r\nHost: any\r\n${authorization}Content-Type: application/json\r\n`
    const clients = Array.from({ length: SOCKETS }, (_, n) =>
      n % 2 === 0
        ? sendSlowly(
            port,
            '',
            `GET /events HTTP/1.1\r\nHost: any\r\n${authorization}${'X-A: 1\r\n'.repeat(100)}`,
          )
        : sendSlowly(port, `${head}Content-Length: 1000\r\n\r\n`, `{"event_type":"${'x'.repeat(1_000)}`),
    )
    const all = Promise.all(clients)
    const call = createHttpClient(t)
    const state = { isOver: false }
    void all.then(() => (state.isOver = true))
    let served = 0
    while (!state.isOver) {
      const body = { event_type: 'order.created', payload: {} }
      t.equal((await call('POST', `${service.url}/events`, service.keys.producer, body)).status, 201)
      served++
      await delay(100)
    }
    t.ok(served > 10, `${served} served meanwhile`)
    const results = await all
    for (const { text } of results) {
      if (text.startsWith('HTTP/1.1 408 ') && text.includes('"request_timeout"')) continue
      t.fail(`answered ${text.slice(0, 100)}`)
    }
    const slowest = Math.max(...results.map(({ ms }) => ms))
    t.ok(slowest < CLOSED_WITHIN_MS, `the last one after ${slowest} ms`)
  },
)
