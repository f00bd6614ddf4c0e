import type { Writable } from 'node:stream'

export interface LogDestination {
  /** Takes a line that ends with a line feed. Returns at once, whatever becomes of the line. */
  write: (line: string) => void
  /** The same for a line without its end. */
  writeLine: (line: string) => void
  /** Hands over what has been gathered, for a process that is about to end. */
  writeNow: () => void
  /** Resolves when everything is written, or when the time is up. */
  flush(timeoutMs: number): Promise<void>
}

export interface LogDestinationOptions {
  stream: Writable
  /** How much may wait for a reader that is slow; lines beyond that are dropped. */
  maxBytes?: number
  onDrop: () => void
}

/** Enough for a pause of seconds at full load; more would only be memory that a blocked reader costs. */
const DEFAULT_MAX_BYTES = 8 * 1024 * 1024
/** Lines are written together: each write is a system call. */
const CHUNK_LENGTH = 65_536
/** So long a line waits for others at most. What is not written when the process is killed is lost. */
const GATHER_MS = 50

/**
 * Logs on a pipe that nobody reads must neither stall the service nor keep it from ending. pino's own destination
 * writes from a thread, which blocks on a full pipe and with it `process.exit()` (tried: it never ended). Node's
 * `process.stdout` is not blocking on pipes and sockets; what it holds back is bounded here.
 */
export function createLogDestination(options: LogDestinationOptions): LogDestination {
  const { stream, maxBytes = DEFAULT_MAX_BYTES, onDrop } = options
  let gathered = ''
  let timer: NodeJS.Timeout | undefined
  // A reader that went away is no reason to die: lines are lost, requests are not.
  stream.on('error', onDrop)

  function writeGathered(written?: () => void): void {
    clearTimeout(timer)
    timer = undefined
    const chunk = gathered
    gathered = ''
    stream.write(chunk, written)
  }

  function write(line: string): void {
    if (stream.writableLength + gathered.length > maxBytes) {
      onDrop()
      return
    }
    gathered += line
    if (gathered.length >= CHUNK_LENGTH) writeGathered()
    else timer ??= setTimeout(writeGathered, GATHER_MS)
  }

  return {
    write,
    writeLine: (line) => {
      write(`${line}\n`)
    },
    writeNow: () => {
      if (gathered !== '') writeGathered()
    },
    flush(timeoutMs) {
      return new Promise((resolve) => {
        const giveUp = setTimeout(resolve, timeoutMs)
        writeGathered(() => {
          clearTimeout(giveUp)
          resolve()
        })
      })
    },
  }
}
