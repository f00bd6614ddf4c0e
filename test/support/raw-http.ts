import { once } from 'node:events'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { assertDocumented, type Exchange } from './openapi-responses.ts'

export type Answer = Omit<Exchange, 'method' | 'url'>

const EMPTY_CHUNKS = '0\r\n\r\n'

/**
 * @returns The answers in what a server sent, each with its body as its `Content-Length` has it. Chunks, of which Node
 * makes some answers of its own, are all empty.
 */
export function parseAnswers(bytes: Buffer): Answer[] {
  const answers: Answer[] = []
  for (let rest = bytes; rest.length > 0;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) throw new Error(`This is no answer: ${rest.toString().slice(0, 200)}`)
    const [statusLine = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    const isChunked = headers['transfer-encoding'] === 'chunked'
    const length = isChunked ? EMPTY_CHUNKS.length : Number(headers['content-length'] ?? 0)
    const content = rest.subarray(end + 4, end + 4 + length).toString()
    const body = isChunked && content === EMPTY_CHUNKS ? '' : content
    answers.push({ status: Number(statusLine.split(' ')[1]), headers, body })
    rest = rest.subarray(end + 4 + length)
  }
  return answers
}

/**
 * Sends bytes as they are and waits until the server closes the connection.
 * @returns The one answer, checked against openapi.json under the request line `as`.
 */
export async function sendRaw(
  port: number,
  request: string | Buffer,
  as: { method: string; url: string },
): Promise<Answer> {
  const socket = connect({ host: '127.0.0.1', port })
  // What a server that closes early does to the bytes it never read is not what is tested.
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(request)
  const [answer, ...more] = parseAnswers(await buffer(socket))
  if (!answer || more.length > 0) throw new Error(`The server sent ${more.length + (answer ? 1 : 0)} answers`)
  assertDocumented({ ...as, ...answer })
  return answer
}
