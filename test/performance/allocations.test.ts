/**
 * How much memory each request allocates: the cost of a request that is the same on any machine. The service is a
 * process of its own whose young generation is so large that nothing is collected while it is measured.
 *
 * Where a change is meant to allocate more, or to allocate half, write down what the test says.
 */
import t from 'tap'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { claimTenantOf, openFixture } from '../../bench/fixture.ts'
import { ENDPOINTS, type Endpoint } from '../../bench/endpoints.ts'
import { commandOf } from '../../bench/variants.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { createHttpClient } from '../support/service.ts'
import type { HeapState } from './heap-probe.ts'

/** KB that a request allocated when this was written, in a service that is warm; and how many are measured. */
const KNOWN: Record<string, { kilobytes: number; measured: number }> = {
  get: { kilobytes: 59, measured: 100 },
  create: { kilobytes: 64, measured: 100 },
  acknowledge: { kilobytes: 55, measured: 100 },
  list: { kilobytes: 171, measured: 50 },
  inbox: { kilobytes: 1_037, measured: 20 },
  claim: { kilobytes: 585, measured: 20 },
  404: { kilobytes: 29, measured: 100 },
}
/** Code that is compiled meanwhile and what else the process does are well within this. */
const MOST = 1.3
const LEAST = 0.5
/** So many times what is measured comes before, so that code is compiled as it will be. */
const WARM_UP = 3
const MOST_REQUESTS = 100 * (1 + WARM_UP)
const VARIANT = 'ours, no tracing'
const ROOT = join(import.meta.dirname, '../..')

const endpoint = await dynamoDBLocalEndpoint(t)

t.test('what each request allocates', { skip: endpoint === undefined && 'no Java' }, async (t) => {
  const fixture = await openFixture(endpoint ?? '', `allocations-${process.pid}`)
  t.teardown(() => fixture.close())
  const eventIds = await fixture.fill('reads', 150)
  const openIds = await fixture.fill('acknowledges', MOST_REQUESTS)
  await fixture.fill(claimTenantOf(VARIANT), 10 * MOST_REQUESTS, 'claimed before')

  const { script, environment } = commandOf(VARIANT, fixture, endpoint ?? '')
  const child = fork(join(ROOT, script), {
    env: { PATH: process.env['PATH'], ...environment, METRICS_SINK: 'none' },
    execArgv: [
      '--expose-gc',
      '--max-semi-space-size=256',
      '--import',
      join(import.meta.dirname, 'heap-probe.ts'),
    ],
    silent: true,
  })
  t.teardown(() => child.kill('SIGKILL'))
  let head = ''
  child.stdout?.on('data', (chunk: Buffer) => (head += head.length < 10_000 ? chunk.toString() : ''))
  while (!/listening at (http:[^"]+)/.test(head)) await once(child.stdout!, 'data')
  const url = /listening at (http:[^"]+)/.exec(head)?.[1] ?? ''
  const ask = async (question: 'collect' | 'look') => {
    child.send(question)
    return ((await once(child, 'message')) as [HeapState])[0]
  }

  const send = createHttpClient(t, 1)
  async function kilobytesOf(endpoint: Endpoint, measured: number): Promise<number> {
    const { method, paths, headers, body, expectedStatus } = endpoint.load(
      { fixture, eventIds, openIds },
      VARIANT,
    )
    const key = headers['authorization']?.slice('Bearer '.length)
    const payload = body === undefined ? undefined : (JSON.parse(body) as object)
    let sent = 0
    const sendMany = async (count: number) => {
      for (let n = 0; n < count; n++) {
        const { status } = await send(method, `${url}${paths[sent++ % paths.length] ?? ''}`, key, payload)
        if (status !== expectedStatus) throw new Error(`${endpoint.title}: ${status}`)
      }
    }
    await sendMany(WARM_UP * measured)
    const before = await ask('collect')
    await sendMany(measured)
    const after = await ask('look')
    if (after.collections > 0) throw new Error(`${endpoint.title}: something was collected meanwhile`)
    return (after.heapUsed - before.heapUsed) / measured / 1024
  }

  for (const endpoint of ENDPOINTS) {
    const known = KNOWN[endpoint.name]
    if (!known) continue
    const kilobytes = await kilobytesOf(endpoint, known.measured)
    const told = `${endpoint.title}: ${kilobytes.toFixed(1)} KB (${known.kilobytes} when this was written)`
    t.ok(kilobytes < MOST * known.kilobytes, told)
    t.ok(kilobytes > LEAST * known.kilobytes, `${told}: not half of it`)
  }
})
