import type { Logger } from 'pino'
import type { Recorder } from '../metrics/recorder.ts'
import { createLogDestination, type LogDestination } from './destination.ts'
import { createLogger, prettyDestination } from './logger.ts'

export interface OutputOptions {
  level: string
  /** Whether lines may be made pretty where a terminal shows them. */
  isPretty: boolean
  recorder: Recorder
}

/** Where the process writes lines to. */
export interface Output {
  destination: LogDestination
  logger: Logger
}

export async function openOutput({ level, isPretty, recorder }: OutputOptions): Promise<Output> {
  const destination = createLogDestination({
    stream: process.stdout,
    onDrop: () => {
      recorder.count('LogLinesDropped')
    },
  })
  // After a crash the last lines are those that matter.
  process.once('exit', () => {
    destination.writeNow()
  })
  const pretty = isPretty && process.stdout.isTTY ? await prettyDestination() : undefined
  return { destination, logger: createLogger(level, pretty ?? destination) }
}
