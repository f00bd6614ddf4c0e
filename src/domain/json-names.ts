const QUOTE = 0x22
const BACKSLASH = 0x5c
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d]

type Parse = (text: string) => unknown

/** @returns Where the string ends (its closing quote) that starts at `start`; the length of the text where it does not. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  for (; at < text.length && text.charCodeAt(at) !== QUOTE; at++) {
    if (text.charCodeAt(at) === BACKSLASH) at++
  }
  return at
}

const BEFORE_COLON = /\s*:/y

function isName(text: string, end: number): boolean {
  BEFORE_COLON.lastIndex = end + 1
  return BEFORE_COLON.test(text)
}

/** @returns What a string of a JSON text says. Throws a SyntaxError where an escape is none. */
function unescape(raw: string): string {
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
}

/** Puts its number in its object in the place of each name. @returns The names too, in the order of the text. */
function numberNames(text: string): { numbered: string; names: string[] } {
  const names: string[] = []
  const counts: number[] = []
  let numbered = ''
  let copied = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) counts.push(0)
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) counts.pop()
    if (code !== QUOTE) continue
    const end = endOfString(text, at)
    if (isName(text, end)) {
      const count = counts.pop() ?? 0
      counts.push(count + 1)
      names.push(unescape(text.slice(at + 1, end)))
      numbered += `${text.slice(copied, at)}"${count}"`
      copied = end + 1
    }
    at = end
  }
  return { numbered: numbered + text.slice(copied), names }
}

/** Gives members their names back. They are met in the order in which they stood in the text. */
function restoreNames(value: unknown, names: Iterator<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => restoreNames(item, names))
  // What `parse` made of a number is none of the text's objects.
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  const members = Object.values(value).map((member) => {
    const name = names.next().value as string
    return [name, restoreNames(member, names)] as const
  })
  return Object.fromEntries(members)
}

/**
 * Parses a text in which names of members are written with escapes. V8 takes such a name for another one that it met
 * in its place before: once `{"a":1,"\\":2}` was read, the name in `{"a":1,"\n":2}` is a backslash, too
 * (https://github.com/nodejs/node/issues/63785). So what one client sends would change what another one sends.
 *
 * Names are read by themselves here, and V8 is given numbers in their place.
 *
 * @param text JSON that is nested no deeper than the stack allows. Throws a SyntaxError where it is not JSON.
 * @param parse `JSON.parse`, or what makes values of a class out of some.
 */
export function parseEscapedNames(text: string, parse: Parse): unknown {
  const { numbered, names } = numberNames(text)
  return restoreNames(parse(numbered), names.values())
}
