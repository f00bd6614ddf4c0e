import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { runToEnd } from '../support/service.ts'

/** Starts a server in the service's place. @returns Its port. */
async function listen(t: Test, answer: RequestListener, host = '127.0.0.1'): Promise<number> {
  const server = createServer(answer).listen(0, host)
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const check = (port: number, environment: Record<string, string> = {}) =>
  runToEnd('cli/healthcheck.ts', [], { PORT: String(port), ...environment })

t.test('passes where /health answers 200', async (t) => {
  const asked: unknown[] = []
  const port = await listen(t, ({ method, url }, response) => {
    asked.push(`${method ?? ''} ${url ?? ''}`)
    response.end('{"status":"ok"}')
  })
  t.strictSame(await check(port), { stdout: '', stderr: '', code: 0 })
  t.strictSame(asked, ['GET /health'])
})

t.test('reaches a service that listens on every address', async (t) => {
  const port = await listen(t, (_, response) => response.end(), '0.0.0.0')
  t.equal((await check(port, { HOST: '0.0.0.0' })).code, 0)
})

t.test('fails on any other answer', async (t) => {
  const port = await listen(t, (_, response) => response.writeHead(503).end())
  t.match(await check(port), { stderr: '/health answered 503', code: 1 })
})

t.test('fails where nothing listens', async (t) => {
  t.match(await check(9), { stderr: 'ECONNREFUSED', code: 1 })
})

t.test('fails by itself, and in time, where nothing answers', async (t) => {
  const port = await listen(t, () => {})
  const startedAt = performance.now()
  t.match(await check(port), { stderr: 'timeout', code: 1 })
  // Two seconds, and what a busy machine takes to start the process.
  t.ok(performance.now() - startedAt < 10_000)
})
