import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const EMULATOR = join(
  dirname(fileURLToPath(import.meta.resolve('amplify-dynamodb-simulator/package.json'))),
  'emulator',
)
const WATCHDOG = join(import.meta.dirname, 'watchdog.ts')
const START_TIMEOUT_MS = 60_000
const POLL_MS = 50

export interface DynamoDBLocal {
  /** `http://127.0.0.1:<port>`. */
  endpoint: string
  /** The process that watches over the store, which is its only child. */
  pid: number
  /** Kills the store, with what it has in memory; resolves when the process is gone. */
  stop(): Promise<void>
}

interface Options {
  /** Where it keeps its data, and finds that of an earlier run; by default in memory. */
  folder?: string
  port?: number
  /** It is to run for minutes at full load: then it has memory, and is compiled well, though that takes a while. */
  isForLoad?: boolean
}

/**
 * Starts a DynamoDB Local, by default empty, in memory and on a free port. It dies with this process, however that ends.
 * @throws if there is no Java runtime, or the store does not answer within 60 s.
 */
export async function startDynamoDBLocal(options: Options = {}): Promise<DynamoDBLocal> {
  if (!hasJava()) throw new Error('DynamoDB Local needs a Java runtime, and `java -version` fails')
  const port = options.port ?? (await freePort())
  const watchdog = spawn(process.execPath, [WATCHDOG, 'java', ...javaArguments(port, options)], {
    // It leaves a dynamodb-local-metadata.json where it runs, telemetry or not.
    cwd: tmpdir(),
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const stderr = text(watchdog.stderr)
  const stop = () => end(watchdog)
  try {
    await waitUntilAnswering(port, watchdog)
  } catch (error) {
    await stop()
    throw new Error(`DynamoDB Local did not start: ${await stderr}`, { cause: error })
  }
  return { endpoint: `http://127.0.0.1:${port}`, pid: watchdog.pid ?? 0, stop }
}

/**
 * The endpoint of a DynamoDB Local for one test file: that of the whole run (`DYNAMODB_LOCAL_ENDPOINT`), otherwise
 * one of its own that ends with the file. Undefined without a Java runtime: the caller skips its tests.
 * @throws without a Java runtime when `CI` is set, where a skipped test would go unseen.
 */
export async function dynamoDBLocalEndpoint(t: Test): Promise<string | undefined> {
  const shared = process.env.DYNAMODB_LOCAL_ENDPOINT
  if (shared) return shared
  if (!process.env.CI && !hasJava()) return undefined
  const store = await startDynamoDBLocal()
  t.teardown(() => store.stop())
  return store.endpoint
}

/** Whether a Java runtime is installed; macOS has a `java` that only says that there is none. */
export function hasJava(): boolean {
  return spawnSync('java', ['-version'], { stdio: 'ignore' }).status === 0
}

/** The first compiler tier alone: half the time to start, and threads for the tests. */
const FOR_TESTS = ['-XX:+UseSerialGC', '-Xmx512m', '-XX:TieredStopAtLevel=1']
const FOR_LOAD = ['-XX:+UseSerialGC', '-Xmx2048m']

function javaArguments(port: number, { folder, isForLoad = false }: Options): string[] {
  const machine = isForLoad ? FOR_LOAD : FOR_TESTS
  const data = folder === undefined ? ['-inMemory'] : ['-dbPath', folder]
  const store = [...data, '-sharedDb', '-disableTelemetry', '-port', String(port)]
  const library = `-Djava.library.path=${join(EMULATOR, 'DynamoDBLocal_lib')}`
  return [...machine, library, '-jar', join(EMULATOR, 'DynamoDBLocal.jar'), ...store]
}

/** @returns A port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function waitUntilAnswering(port: number, watchdog: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (!(await answers(port))) {
    if (watchdog.exitCode !== null) throw new Error(`java exited with code ${watchdog.exitCode}`)
    if (Date.now() > deadline) throw new Error(`no answer within ${START_TIMEOUT_MS} ms`)
    await delay(POLL_MS)
  }
}

/** Any HTTP answer will do: an unsigned request is answered with 400. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request({ host: '127.0.0.1', port, agent: false, timeout: 1000 }, (response) => {
      response.resume()
      resolve(true)
    })
    probe.on('error', () => {
      resolve(false)
    })
    probe.on('timeout', () => probe.destroy())
    probe.end()
  })
}

async function end(watchdog: ChildProcess): Promise<void> {
  if (watchdog.exitCode !== null || watchdog.signalCode !== null) return
  const exited = once(watchdog, 'exit')
  watchdog.stdin?.end()
  await exited
}
