import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import t from 'tap'
import { createConnector } from '../../../src/dynamodb/wire/connector.ts'
import { ok, startWireServer } from '../../support/wire-server.ts'

const SHORT_MS = 300

/** Asks for so many connections at once. @returns What became of each. */
function openMany(url: string, count: number) {
  const connect = createConnector(SHORT_MS)
  const { hostname, port, protocol } = new URL(url)
  const open = () =>
    new Promise<Error | Socket | null>((resolve) => {
      connect({ hostname, port, protocol }, (error, socket) => {
        resolve(error ?? socket)
      })
    })
  return Array.from({ length: count }, open)
}

t.test('a few connections are opened at a time, and a failed one makes way for the next', async (t) => {
  // It takes connections, and never shakes hands.
  const taken: Socket[] = []
  const server = createServer((socket) => taken.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of taken) socket.destroy()
    server.close()
  })
  const opened = openMany(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, 40)
  await opened[0]
  t.equal(taken.length, 16)
  for (const error of await Promise.all(opened)) t.match(error, { name: 'ConnectTimeoutError' })
  t.equal(taken.length, 40)
})

t.test('all who ask get a connection', async (t) => {
  const server = await startWireServer(t, ok({}))
  const sockets = (await Promise.all(openMany(server.endpoint, 100))) as Socket[]
  for (const socket of sockets) t.ok(socket.destroy().destroyed)
})
