import pMap from 'p-map'
import t from 'tap'
import { createHttpClient } from '../support/service.ts'
import { startObservedService } from '../support/observed-service.ts'

const REQUESTS = 400
const PER_SECOND = 10

t.test('a flood of made-up keys costs few reads, and those with a key do not feel it', async (t) => {
  const service = await startObservedService(t, { KEY_LOOKUPS_PER_SECOND: String(PER_SECOND) })
  const call = createHttpClient(t)
  const url = `${service.url}/events/evt_01jd8x5q3v7k2m9n4p6r8s0t1w`
  t.equal((await call('GET', url, service.keys.producer)).status, 404)
  const before = service.proxy.count('GetItem')
  const startedAt = Date.now()
  let underWay = 0
  const answers = await pMap(
    Array.from({ length: REQUESTS }, (_, n) => `trg_${n.toString(16).padStart(16, '0')}_${'0'.repeat(64)}`),
    async (token, n) => {
      if (n % 20 === 0) {
        underWay++
        t.equal((await call('GET', url, service.keys.producer)).status, 404, 'a known key is served')
      }
      return call('GET', url, token)
    },
    { concurrency: 40 },
  )
  const seconds = (Date.now() - startedAt) / 1_000
  const reads = service.proxy.count('GetItem') - before - underWay
  t.ok(reads <= PER_SECOND * 2 + Math.ceil(seconds * PER_SECOND) + 2, `${reads} reads in ${seconds} s`)
  const refused = answers.filter(({ status }) => status === 503)
  t.ok(refused.length > 0)
  t.ok(refused.every(({ headers }) => headers['retry-after'] === '1'))
  t.ok(answers.every(({ status }) => status === 401 || status === 503))
  const errors = service.lines().filter(({ level }) => Number(level) >= 50)
  t.strictSame(errors, [], 'saying no is no failure')
})
