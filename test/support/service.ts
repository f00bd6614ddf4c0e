import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { json, text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { CANARY_HEADER, keepLines, keepOutput } from './leaks.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Generous: other tests may have the machine. */
const START_TIMEOUT_MS = 60_000

/** The service as its users run it: a process of its own, spoken to over HTTP. */
export interface Service {
  url: string
  child: ChildProcess
  /** Everything on stdout so far. */
  stdout: () => string
  stderr: () => string
  /** Sends the signal. @returns The exit code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
}

/** As the scripts of package.json have it. */
const CACHE = ['--import', join(ROOT, 'src/compile-cache.js')]

/** Runs a file of src/ with this environment alone (and PATH). */
export function run(file: string, args: string[], environment: Record<string, string>): ChildProcess {
  const env = { PATH: process.env['PATH'] ?? '', ...coverage(), ...environment }
  return spawn(process.execPath, [...CACHE, join(ROOT, 'src', file), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Runs a command to its end. */
export async function runToEnd(file: string, args: string[], environment: Record<string, string>) {
  const child = run(file, args, environment)
  if (!child.stdout || !child.stderr) throw new Error('The child has no output')
  const closed = once(child, 'close') as Promise<[number | null]>
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  keepLines(stdout)
  keepOutput(stderr)
  return { stdout, stderr, code }
}

/** tap measures the coverage of child processes through the environment. */
function coverage(): Record<string, string> {
  const folder = process.env['NODE_V8_COVERAGE']
  return folder === undefined ? {} : { NODE_V8_COVERAGE: folder }
}

/** Starts the service on a free port and waits until it listens. It ends with the test. */
export async function startService(t: Test, environment: Record<string, string>): Promise<Service> {
  const child = run('server.ts', [], { PORT: '0', SHUTDOWN_SETTLE_MS: '200', ...environment })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  t.teardown(async () => {
    child.kill('SIGKILL')
    await closed
    keepLines(stdout)
    keepOutput(stderr)
  })
  const giveUpAt = Date.now() + START_TIMEOUT_MS
  let url: string | undefined
  while ((url = /listening at (http:[^"]+)/.exec(stdout)?.[1]) === undefined) {
    if (child.exitCode !== null || Date.now() > giveUpAt)
      throw new Error(`The service did not start: ${stderr}${stdout}`)
    await delay(20)
  }
  return {
    url,
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const [code, killedBy] = await closed
      return code ?? killedBy
    },
  }
}

/** The two keys that a first run prints. */
export async function firstKeys({ stdout }: Service): Promise<{ producer: string; consumer: string }> {
  for (let tries = 0; tries < 250; tries++) {
    const keyOf = (role: string) => new RegExp(`${role} key .*: (trg_\\w+)`).exec(stdout())?.[1]
    const [producer, consumer] = [keyOf('Producer'), keyOf('Consumer')]
    if (producer !== undefined && consumer !== undefined) return { producer, consumer }
    await delay(20)
  }
  throw new Error('The service printed no keys')
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: unknown
}

/** A client with connections that it keeps open; each call is a whole request. */
export function createHttpClient(t: Test, maxSockets = 50) {
  const agent = new Agent({ keepAlive: true, maxSockets })
  t.teardown(() => {
    agent.destroy()
  })
  return async (
    method: string,
    url: string,
    key?: string,
    body?: unknown,
    extra: Record<string, string> = {},
  ): Promise<Answer> => {
    const headers = {
      ...CANARY_HEADER,
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...extra,
    }
    const outgoing = request(url, { method, agent, headers })
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    const [incoming] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage]
    const isJson = incoming.headers['content-type']?.startsWith('application/json')
    return {
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: isJson ? await json(incoming) : await text(incoming),
    }
  }
}
