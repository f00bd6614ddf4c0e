import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  status: number
  /** The header lines, in lower case. */
  head: string
  /** Whether the server closes the connection after it. */
  isLast: boolean
}

/** One HTTP/1.1 connection that is kept, with one request at a time: a client that costs little next to its server. */
export class Connection {
  #socket: Socket | undefined
  #received: Buffer = Buffer.alloc(0)
  #settle: ((answer: RawAnswer | undefined) => void) | undefined
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  /** Sends a request. @returns undefined when the connection broke before the answer was there. */
  ask(request: string): Promise<RawAnswer | undefined> {
    const { promise, resolve } = Promise.withResolvers<RawAnswer | undefined>()
    this.#settle = resolve
    this.#socket ??= this.#open()
    this.#socket.write(request)
    return promise
  }

  close(): void {
    this.#socket?.destroy()
  }

  #open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true })
    socket.on('data', (chunk: Buffer) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
      this.#read()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (this.#socket === socket) this.#end(undefined)
    })
    return socket
  }

  #read(): void {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#received.toString('latin1', 0, end).toLowerCase()
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0)
    if (this.#received.length < end + 4 + length) return
    this.#received = Buffer.alloc(0)
    const isLast = head.includes('\r\nconnection: close')
    const answer = { status: Number(head.slice(9, 12)), head, isLast }
    if (isLast) this.#end(answer)
    else this.#settle?.(answer)
  }

  #end(answer: RawAnswer | undefined): void {
    this.#socket?.destroy()
    this.#socket = undefined
    this.#received = Buffer.alloc(0)
    this.#settle?.(answer)
    this.#settle = undefined
  }
}
