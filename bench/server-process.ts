import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../test/support/dynamodb-local.ts'

const ROOT = join(import.meta.dirname, '..')
const START_TIMEOUT_MS = 30_000

export interface ServerProcess {
  url: string
  pid: number
  /** How much it has written to stdout. */
  logBytes: () => number
  stop(): Promise<void>
}

export interface Command {
  /** Relative to the root of the project, or absolute. */
  script: string
  nodeArguments?: string[]
  environment: Record<string, string>
  /** It writes nothing, so that it cannot say where it listens. */
  isSilent?: boolean
}

/** Where a server says that it listens. */
const urlIn = (log: string) => /listening at (http:[^"\s]+)/i.exec(log)?.[1]

/** Where it is known to listen, once it does. */
async function urlAt(port: number): Promise<string | undefined> {
  const url = `http://127.0.0.1:${port}`
  const answer = await fetch(`${url}/health`).catch(() => undefined)
  return answer?.ok ? url : undefined
}

/** Starts a server as a process of its own and waits until it says where it listens. It dies with this one. */
export async function startServer({
  script,
  nodeArguments = [],
  environment,
  isSilent = false,
}: Command): Promise<ServerProcess> {
  const port = isSilent ? await freePort() : undefined
  const ownPort = port === undefined ? {} : { PORT: String(port) }
  const child = spawn(process.execPath, [...nodeArguments, resolve(ROOT, script)], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', ...environment, ...ownPort },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  let head = ''
  let logBytes = 0
  child.stdout.on('data', (chunk: Buffer) => {
    logBytes += chunk.length
    if (head.length < 10_000) head += chunk.toString()
  })
  const exited = once(child, 'exit')
  const giveUpAt = Date.now() + START_TIMEOUT_MS
  let url: string | undefined
  while ((url = port === undefined ? urlIn(head) : await urlAt(port)) === undefined) {
    if (child.exitCode !== null || Date.now() > giveUpAt) throw new Error(`${script} did not start: ${head}`)
    await delay(2)
  }
  return {
    url,
    pid: child.pid ?? 0,
    logBytes: () => logBytes,
    async stop() {
      process.removeListener('exit', kill)
      kill()
      await exited
    },
  }
}
