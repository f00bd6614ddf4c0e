import t, { type Test } from 'tap'
import { createToken, formatToken, hashSecret } from '../../src/domain/api-key.ts'
import { buildTestApp, givenEvent } from './app.ts'
import { CANARY, findLeaks, keepLines, keepOutput, OUTPUT_VARIABLE } from './leaks.ts'

/** A folder in which output is kept until the test ends. */
function givenFolder(t: Test): string {
  const folder = t.testdir()
  const before = process.env[OUTPUT_VARIABLE]
  process.env[OUTPUT_VARIABLE] = folder
  t.teardown(() => {
    if (before === undefined) Reflect.deleteProperty(process.env, OUTPUT_VARIABLE)
    else process.env[OUTPUT_VARIABLE] = before
  })
  return folder
}

t.test('every kind of leak is found', async (t) => {
  const folder = givenFolder(t)
  const token = createToken()
  const leaks = [
    formatToken(token),
    token.secret,
    hashSecret(token.secret),
    `\\"authorization\\":\\"Bearer ${formatToken(token)}\\"`,
    CANARY,
    Buffer.from(`\x01\x02${CANARY}\x00`),
  ]
  for (const leak of leaks) {
    keepOutput('{"level":"info","key_id":"0123456789abcdef"}')
    keepOutput(leak)
  }
  const found = await findLeaks(folder)
  t.equal(found.lines, 2 * leaks.length)
  t.equal(found.leaks.length, leaks.length)
})

t.test('what may be in a line is no leak, nor is what is printed for people', async (t) => {
  const folder = givenFolder(t)
  const trace = 'f'.repeat(32)
  keepLines(`Producer key: ${formatToken(createToken())}\n{"trace_id":"${trace}","request_id":"req_1"}\n`)
  keepOutput(`{"event_id":"evt_01jd8x5q3v7k2m9n4p6r8s0t1w","lease":"${'a'.repeat(70)}"}`)
  t.strictSame(await findLeaks(folder), { lines: 2, leaks: [] })
})

t.test('the lines of an app are kept, and a leak among them is found', async (t) => {
  const folder = givenFolder(t)
  await t.test('an app', async (t) => {
    const app = await buildTestApp(t)
    await givenEvent(app, { payload: { CANARY } })
    app.fastify.log.info({ authorization: app.acme.admin.authorization }, 'planted')
  })
  const { lines, leaks } = await findLeaks(folder)
  t.ok(lines > 1)
  t.equal(leaks.length, 1)
  t.match(leaks[0], 'planted')
})

t.test('without a folder nothing is kept', async (t) => {
  const folder = givenFolder(t)
  Reflect.deleteProperty(process.env, OUTPUT_VARIABLE)
  keepOutput(CANARY)
  t.strictSame(await findLeaks(folder), { lines: 0, leaks: [] })
})
