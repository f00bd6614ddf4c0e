/**
 * The embedded store's own process: `store-process.ts <LevelDB path> <port, 0 = any> <store id>`, forked by store-child.ts.
 * It sends one Report, serves until told to stop, and never outlives its parent, however that ends: an orphan would hold
 * LevelDB's lock.
 */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { openDynalite } from './dynalite.ts'
import { STOP, STORE_ID_HEADER, type Failure, type Report } from './messages.ts'
import { rebuildIndexes } from './rebuild-indexes.ts'
import { settleTables } from './settle-tables.ts'

const HOST = '127.0.0.1'
const OPEN_REQUESTS_MS = 1000

const [path = '', port = '0', storeId = ''] = process.argv.slice(2)
let server: Server | undefined

process.on('disconnect', () => process.exit())
process.on('message', (message) => {
  if (message === STOP) void stop()
})
// Ctrl-C and service managers signal the whole group: the parent drains first and then says when.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
// The parent may have died before there was anybody to hear of it.
if (!process.connected) process.exit()

process.send?.(await start().catch(failureOf))

async function start(): Promise<Report> {
  const dynalite = await openDynalite(path)
  await settleTables(dynalite.level)
  await rebuildIndexes(dynalite.level, dynalite.indexFunctions)
  adaptRequests(dynalite.server)
  // dynalite's default ends idle connections after 5 s, at times just when the client uses one again.
  dynalite.server.keepAliveTimeout = 0
  dynalite.server.listen(Number(port), HOST)
  await once(dynalite.server, 'listening')
  server = dynalite.server
  return { endpoint: `http://${HOST}:${(server.address() as AddressInfo).port}` }
}

/** Puts the store's id on answers, and takes away dynalite's listener that throws, and so ends it, when a client hangs up. */
function adaptRequests(dynalite: Server): void {
  const handlers = dynalite.listeners('request')
  dynalite.removeAllListeners('request')
  dynalite.on('request', (request, response) => {
    response.setHeader(STORE_ID_HEADER, storeId)
    for (const handle of handlers) Reflect.apply(handle, dynalite, [request, response])
    request.removeAllListeners('error')
    request.on('error', () => response.destroy())
  })
}

/** Closes the database when the open requests have ended, those of other processes too, or after a second. */
async function stop(): Promise<void> {
  if (!server) process.exit()
  server.close(() => process.exit())
  await delay(OPEN_REQUESTS_MS)
  server.closeAllConnections()
}

function failureOf(error: unknown): Failure {
  const { message, code, cause } = error as NodeJS.ErrnoException
  if ((cause as NodeJS.ErrnoException | undefined)?.code === 'LEVEL_LOCKED')
    return { failure: 'locked', message }
  if (code === 'EADDRINUSE') return { failure: 'port-taken', message }
  if (code === 'MODULE_NOT_FOUND')
    return { failure: 'other', message: 'dynalite, a development dependency, is not installed' }
  return { failure: 'other', message: cause instanceof Error ? `${message}: ${cause.message}` : message }
}
