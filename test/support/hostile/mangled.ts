import fc, { type Arbitrary } from 'fast-check'
import { once } from 'node:events'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { assertEnvelope } from '../openapi-responses.ts'
import { parseAnswers, type Answer } from '../raw-http.ts'
import { operations } from './document.ts'
import type { Ground } from './ground.ts'
import { targetOf, validRequest, type Draft } from './requests.ts'

/** After so long a client that has said half of what it announced hangs up. */
const PATIENCE_MS = 30

/** Bytes that a parser of HTTP or JSON looks at. */
const SPLINTERS = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    '\t',
    ':',
    ',',
    '"',
    '{',
    '[',
    ']',
    '}',
    '%',
    '?',
    '#',
    '\xff',
    '\r\n\r\n',
  ],
  ...[
    'Content-Length: 0\r\n',
    'Content-Length: 99\r\n',
    'Transfer-Encoding: chunked\r\n',
    '0\r\n\r\n',
    'ffffffff\r\n',
  ],
  ...[
    'HTTP/1.0',
    'HTTP/2.0',
    'Host: other\r\n',
    'Expect: 100-continue\r\n',
    'Connection: keep-alive\r\n',
    'GET ',
  ],
].map((text) => Buffer.from(text, 'latin1'))

function toBytes({ operation, headers, body, ...draft }: Draft, { service }: Ground): Buffer {
  const lines = [
    `${operation.method} ${targetOf({ operation, headers, body, ...draft })} HTTP/1.1`,
    'Host: any.example',
    `Authorization: Bearer ${service.keys.admin}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined
      ? []
      : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]),
    'Connection: close',
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
}

interface Edit {
  at: number
  drop: number
  insert: Buffer
}

/** @returns The bytes with some dropped and others put in; places are parts of the whole from 0 to 1. */
function apply(bytes: Buffer, { at, drop, insert }: Edit): Buffer {
  const start = Math.floor(at * bytes.length)
  return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + drop)])
}

/** A request of the document, damaged in a few places; or bytes that never were one. */
export function mangledRequest(ground: Ground): Arbitrary<Buffer> {
  const garbage = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
  const insert = fc.oneof(
    fc.constantFrom(...SPLINTERS),
    fc.uint8Array({ maxLength: 8 }).map((array) => Buffer.from(array)),
  )
  const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), drop: fc.nat(20), insert })
  const request = fc
    .oneof(...operations.map((operation) => validRequest(operation, ground.known)))
    .map((draft) => toBytes(draft, ground))
  const damaged = fc
    .tuple(request, fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([bytes, edits]) => edits.reduce(apply, bytes))
  return fc.oneof({ weight: 1, arbitrary: garbage }, { weight: 5, arbitrary: damaged })
}

/** Two answers that Node itself gives, before there is a request: no Host, and an expectation it does not know. */
const isNodes = ({ status, body }: Answer) => body === '' && (status === 400 || status === 417)

/**
 * Sends the bytes, waits a moment and hangs up.
 * @returns The answers, each error of which is checked to be the envelope. None where the connection was cut.
 */
export async function sendMangled(port: number, bytes: Buffer): Promise<Answer[]> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const hangUp = setTimeout(() => socket.end(), PATIENCE_MS)
  socket.write(bytes)
  const received = await buffer(socket).catch(() => Buffer.alloc(0))
  clearTimeout(hangUp)
  socket.destroy()
  const answers = parseAnswers(received)
  for (const answer of answers) {
    if (answer.status >= 400 && !isNodes(answer)) assertEnvelope(answer)
  }
  return answers
}
