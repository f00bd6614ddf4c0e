import type { Datum } from './data.ts'

/** Data of one window, and its end (ms). */
export interface Batch {
  at: number
  data: Datum[]
}

/** Where metrics go. */
export interface Sink {
  /**
   * Throws when nothing arrived, so that the caller may send it again.
   * @returns How many data were lost on the way, after others had arrived.
   */
  send(batch: Batch, signal: AbortSignal): Promise<number>
  close(): void
}

/** For development, where `GET /stats` shows the same. */
export const noSink: Sink = { send: async () => 0, close: () => undefined }
