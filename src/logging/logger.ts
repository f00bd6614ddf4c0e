import { pino, type DestinationStream, type Logger } from 'pino'
import { toLoggedError } from './error-chain.ts'

/**
 * The time as a member of a line, as pino takes it. Many lines are of the same millisecond, and printing it is the dearest
 * part of a line.
 */
function createTimestamp(): () => string {
  let at: number | undefined
  let member = ''
  return () => {
    const now = Date.now()
    if (now !== at) {
      at = now
      member = `,"time":"${new Date(now).toISOString()}"`
    }
    return member
  }
}

/** JSON lines with `level` as a word and the time as people write it. */
export function createLogger(level: string, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      timestamp: createTimestamp(),
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => toLoggedError(error) },
    },
    destination,
  )
}

/** @returns Lines for people where pino-pretty is installed, which it is not in production. */
export async function prettyDestination(): Promise<DestinationStream | undefined> {
  try {
    const { default: pretty } = await import('pino-pretty')
    return pretty({ singleLine: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' })
  } catch {
    return undefined
  }
}
