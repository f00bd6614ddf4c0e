import t from 'tap'
import { parseRfc3339 } from '../../src/schemas/rfc3339.ts'

t.test('times of any offset and precision', async (t) => {
  const noon = Date.UTC(2026, 10, 23, 12)
  t.equal(parseRfc3339('2026-11-23T12:00:00Z'), noon)
  t.equal(parseRfc3339('2026-11-23t12:00:00z'), noon)
  t.equal(parseRfc3339('2026-11-23T14:00:00+02:00'), noon)
  t.equal(parseRfc3339('2026-11-23T06:30:00-05:30'), noon)
  t.equal(parseRfc3339('2026-11-23T12:00:00.25Z'), noon + 250)
  t.equal(parseRfc3339('2026-11-23T12:00:00.007Z'), noon + 7)
  for (let ms = 0; ms < 1000; ms++) {
    if (parseRfc3339(new Date(noon + ms).toISOString()) !== noon + ms) t.fail(`${ms} ms`)
  }
  t.equal(parseRfc3339('2028-02-29T00:00:00Z'), Date.UTC(2028, 1, 29))
})

t.test('what is finer than a millisecond is rounded up: nothing before it is meant', async (t) => {
  const noon = Date.UTC(2026, 10, 23, 12)
  t.equal(parseRfc3339('2026-11-23T12:00:00.0001Z'), noon + 1)
  t.equal(parseRfc3339('2026-11-23T12:00:00.9999999Z'), noon + 1000)
  t.equal(parseRfc3339('2026-11-23T12:00:00.001000000Z'), noon + 1)
})

t.test('a leap second is the start of the next', async (t) => {
  t.equal(parseRfc3339('2016-12-31T23:59:60Z'), Date.UTC(2017, 0, 1))
})

t.test('everything else is no time', async (t) => {
  for (const text of [
    '',
    'now',
    '2026-11-23',
    '2026-11-23 12:00:00Z',
    '2026-11-23T12:00:00',
    '2026-11-23T12:00Z',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-11-23T12:60:00Z',
    '2026-11-23T12:00:61Z',
    '2026-11-23T12:00:00+24:00',
    '2026-11-23T12:00:00+0200',
    '2026-11-23T12:00:00.Z',
    '1764000000',
  ]) {
    t.ok(Number.isNaN(parseRfc3339(text)), text)
  }
})
