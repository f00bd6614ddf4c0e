import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino'
import { toLoggedError } from './error-chain.ts'

/** JSON lines with `level` as a word and the time as people write it. */
export function createLogger(level: string, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      timestamp: stdTimeFunctions.isoTime,
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
