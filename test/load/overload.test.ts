import t from 'tap'
import { ROLES } from '../../src/domain/access.ts'
import { createKey } from '../../src/domain/key-management.ts'
import type { FlowResult } from '../support/load/generator.ts'
import { requestText, runLoad } from '../support/load/load.ts'
import { startObservedService } from '../support/observed-service.ts'
import { createHttpClient } from '../support/service.ts'

/** 30 at night. */
const SECONDS = Number(process.env['LOAD_SECONDS'] ?? 3)
const BODY = { event_type: 'order.created', payload: { n: 1 } }
const PORT = /:(\d+)/

const countOf = ({ statuses }: FlowResult, status: number) => statuses[status] ?? 0

t.test(
  'one tenant asks for many times what there is: the others are served, and every refusal says when to come again',
  async (t) => {
    const service = await startObservedService(t, { MAX_IN_FLIGHT: '8', MAX_IN_FLIGHT_PER_TENANT: '4' })
    const wanted = { tenant: 'quiet', scopes: ROLES.admin, name: null, valid_until: null }
    const { token: quiet } = await createKey(service.access, Date.now, wanted)
    // What can be served is a matter of the store alone, not of the machine.
    service.proxy.faults = { latencyMs: 20 }
    const results = await runLoad({
      port: Number(PORT.exec(service.url)?.[1]),
      seconds: SECONDS,
      flows: [
        {
          name: 'creates',
          request: requestText('POST', '/events', service.keys.admin, BODY),
          connections: 40,
        },
        {
          name: 'lists',
          request: requestText('GET', '/events?limit=1', service.keys.admin),
          connections: 10,
        },
        { name: 'quiet', request: requestText('POST', '/events', quiet, BODY), connections: 2 },
      ],
    })
    for (const { name, statuses, withoutRetryAfter } of Object.values(results)) {
      t.strictSame(
        Object.keys(statuses).filter((status) => !['200', '201', '503'].includes(status)),
        [],
        `${name}: ${JSON.stringify(statuses)}`,
      )
      t.equal(withoutRetryAfter, 0, name)
    }
    const { creates, lists, quiet: beside } = results as Record<'creates' | 'lists' | 'quiet', FlowResult>
    t.ok(countOf(creates, 201) > 0, 'the one that floods is served what is its own')
    t.ok(countOf(creates, 503) > 0 && countOf(lists, 503) > 0, 'and refused the rest')
    t.ok(countOf(beside, 201) > 0)
    t.equal(countOf(beside, 503), 0, 'two of eight places were left')

    service.proxy.faults = {}
    const call = createHttpClient(t)
    for (let n = 0; n < 20; n++) {
      t.equal(
        (await call('POST', `${service.url}/events`, service.keys.producer, BODY)).status,
        201,
        'afterwards',
      )
    }
    const stats = await call('GET', `${service.url}/stats`, service.keys.admin)
    const { refused } = (stats.body as { total: { refused: Record<string, number> } }).total
    // Lists give way before creates do, so some find no place left in the process.
    const { by_tenant = NaN, by_load = NaN } = refused
    t.strictSame(refused, { by_rate: 0, by_tenant, by_load, by_key_lookups: 0 })
    t.equal(by_tenant + by_load, countOf(creates, 503) + countOf(lists, 503), 'every refusal is counted')
    t.equal(await service.stop(), 0)
  },
)
