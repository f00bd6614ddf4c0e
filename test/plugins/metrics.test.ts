import { pino } from 'pino'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { SCOPES } from '../../src/domain/access.ts'
import type { Events } from '../../src/domain/events.ts'
import { UNOBSERVED } from '../../src/observability.ts'

t.test('requests that wait on purpose are counted, but are no part of the latency', async (t) => {
  const told: string[] = []
  const recorder = {
    ...UNOBSERVED.recorder,
    count: (name: string) => {
      told.push(name)
    },
    observe: (name: string) => {
      told.push(name)
    },
  }
  const nothing = { lease_id: null, lease_expires_at: null, events: [] }
  const tenant = { name: 'acme', shards: 1, read_shards: 1 }
  const app = await buildApp({
    events: { claim: async () => nothing } as unknown as Events,
    authenticator: { authenticate: async () => ({ key_id: 'k', scopes: SCOPES, tenant, rate_limit: null }) },
    logger: pino({ level: 'silent' }),
    drain: { isDraining: false, isClosing: false },
    deadlineMs: 1_000,
    observability: { ...UNOBSERVED, recorder },
  })
  t.teardown(() => app.close())
  const claim = async (wait_seconds: number) => {
    const headers = { authorization: 'Bearer any' }
    const { statusCode } = await app.inject({
      method: 'POST',
      url: '/inbox/claim',
      headers,
      payload: { wait_seconds },
    })
    t.equal(statusCode, 200)
    return told.splice(0)
  }
  t.strictSame(await claim(0), ['Requests', 'ApiLatency'])
  t.strictSame(await claim(1), ['Requests'])
})
