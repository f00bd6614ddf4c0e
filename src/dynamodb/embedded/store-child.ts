import { fork, type ChildProcess } from 'node:child_process'
import { STOP, type Report } from './messages.ts'

const ENTRY = new URL('./store-process.ts', import.meta.url)
const STOP_MS = 5000

/** One run of the store's process. */
export interface StoreChild {
  pid: number | undefined
  /** Resolves once, with the endpoint, or with the reason why there is none; in that case the child ends by itself. */
  ready: Promise<Report>
  /** Resolves with the reason, for people, when the child has ended, whatever ended it. */
  died: Promise<string>
  /** Lets this process end although the child runs; the child ends with it. */
  unref(): void
  /** Ends the child gracefully, or by force after 5 s. Never rejects. */
  stop(): Promise<void>
}

/** Forks the store's process over the LevelDB at `path`. Its crashes are seen on stderr; nothing goes to stdout. */
export function startStoreChild(path: string, port: number, storeId: string): StoreChild {
  const child = fork(ENTRY, [path, String(port), storeId], {
    execArgv: [], // a debugger's port is the parent's alone
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const died = deathOf(child)
  return {
    pid: child.pid,
    ready: reportOf(child, died),
    died,
    unref: () => {
      child.unref()
      child.channel?.unref()
    },
    stop: () => stop(child, died),
  }
}

function deathOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(signal ? `ended by ${signal}` : `ended with code ${String(code)}`)
    })
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(error.message)
    })
  })
}

async function reportOf(child: ChildProcess, died: Promise<string>): Promise<Report> {
  const report = await new Promise<Report>((resolve) => {
    child.once('message', (message) => {
      resolve(message as Report)
    })
    void died.then((message) => {
      resolve({ failure: 'died', message })
    })
  })
  // The child waits for this instead of exiting, since its exit could be seen before its report.
  if ('failure' in report && child.connected) child.disconnect()
  return report
}

async function stop(child: ChildProcess, died: Promise<string>): Promise<void> {
  child.ref()
  child.channel?.ref()
  if (child.connected) child.send(STOP, () => undefined)
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await died
  clearTimeout(force)
}
