/** What the simulated store refuses, as DynamoDB would: a request that is wrong in itself. */
export class ValidationException extends Error {
  override readonly name = 'ValidationException'
}

const TOKEN = /\s*(?:([A-Za-z_][\w]*|[#:][\w]+)|(<>|<=|>=|[=<>(),+-]))/y

/** Reads an expression token by token. Anything that is no token of the subset in use is refused. */
export class Tokens {
  readonly #text: string
  readonly #tokens: string[]
  #next = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = []
    TOKEN.lastIndex = 0
    const end = text.trimEnd().length
    while (TOKEN.lastIndex < end) {
      const match = TOKEN.exec(text)
      if (!match) throw new ValidationException(`Not simulated: ${text}`)
      this.#tokens.push(match[1] ?? match[2] ?? '')
    }
  }

  get isAtEnd(): boolean {
    return this.#next === this.#tokens.length
  }

  /** Whether a placeholder of a value comes next. */
  get isAtValue(): boolean {
    return this.#tokens[this.#next]?.startsWith(':') ?? false
  }

  /** Takes the next token where it is this one (words in any case). */
  take(token: string): boolean {
    const isIt = this.#tokens[this.#next]?.toUpperCase() === token.toUpperCase()
    if (isIt) this.#next += 1
    return isIt
  }

  expect(token: string): void {
    if (!this.take(token)) this.fail()
  }

  /** Takes whatever comes next. */
  any(): string {
    const token = this.#tokens[this.#next++]
    return token ?? this.fail()
  }

  fail(): never {
    const near = this.#tokens[this.#next] ?? 'its end'
    throw new ValidationException(`Not simulated, near ${near}: ${this.#text}`)
  }
}
