import { buildConnector } from 'undici'

/**
 * A burst of calls wants a connection for each of them. Shaking hands with all at once would hold up everything else, and
 * whoever listens with a short queue (DynamoDB Local has one of 50) drops what does not fit: TCP tries again after a second.
 */
const MAX_CONNECTING = 16

/** Opens connections, a few at a time; the others wait for their turn. Each has this time of its own. */
export function createConnector(timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false })
  const waiting: (() => void)[] = []
  let connecting = 0

  return (options, callback) => {
    const start = () => {
      connecting++
      connect(options, (...result) => {
        connecting--
        waiting.shift()?.()
        callback(...result)
      })
    }
    if (connecting < MAX_CONNECTING) start()
    else waiting.push(start)
  }
}
