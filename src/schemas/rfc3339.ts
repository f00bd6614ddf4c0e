const RFC3339 =
  /^(?<date>\d{4}-\d{2}-\d{2})[Tt](?<time>(?:[01]\d|2[0-3]):[0-5]\d:)(?<seconds>\d{2})(?:\.(?<fraction>\d+))?(?<offset>[Zz]|[+-]\d{2}:\d{2})$/

function isOnCalendar(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date)
}

/**
 * Reads an RFC 3339 date and time of any offset (https://www.rfc-editor.org/rfc/rfc3339#section-5.6).
 *
 * @returns Milliseconds since 1970, rounded up where the text is finer: events have whole milliseconds, so "at or
 *   after" and "before" come out exact. NaN when the text is no such time.
 */
export function parseRfc3339(text: string): number {
  const parts = RFC3339.exec(text)?.groups
  if (!parts) return NaN
  const { date = '', time = '', seconds = '', fraction = '', offset = '' } = parts
  if (!isOnCalendar(date) || !/^(Z|z|.([01]\d|2[0-3]):[0-5]\d)$/.test(offset)) return NaN
  const isLeapSecond = seconds === '60'
  const wholeSecond = Date.parse(`${date}T${time}${isLeapSecond ? '59' : seconds}${offset.toUpperCase()}`)
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0')) + (/[1-9]/.test(fraction.slice(3)) ? 1 : 0)
  return wholeSecond + (isLeapSecond ? 1000 : milliseconds)
}
