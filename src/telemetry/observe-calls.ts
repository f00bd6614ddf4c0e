import type { Attributes } from '@opentelemetry/api'
import { inCallSpan, startCallSpan, type CallSpanOptions } from './call-span.ts'

export interface CallObserverOptions extends CallSpanOptions {
  /** Told of every call at its end, how long it took. */
  onCall: (operation: string, durationMs: number) => void
  onThrottle: () => void
}

export type CallObserver = ReturnType<typeof createCallObserver>

/** Traces each call in a span below that of its request, and tells how long it took, all of its attempts together. */
export function createCallObserver(options: CallObserverOptions) {
  const { onCall, onThrottle, describe } = options
  let server: Attributes = {}
  const describeCall = (input: object, output?: object) => ({ ...server, ...describe?.(input, output) })

  return {
    async observe<Output extends object>(
      operation: string,
      input: object,
      call: () => Promise<Output>,
    ): Promise<Output> {
      const startedAt = performance.now()
      const span = startCallSpan(operation, input, options)
      try {
        return await (span ? inCallSpan(span, call, (output) => output, describeCall) : call())
      } finally {
        onCall(operation, performance.now() - startedAt)
      }
    },
    onThrottle,
    onEndpoint({ hostname, port }: URL): void {
      server = { 'server.address': hostname, ...(port === '' ? {} : { 'server.port': Number(port) }) }
    },
  }
}
