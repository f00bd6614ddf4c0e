import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { startFakeCollector } from '../support/fake-collector.ts'
import { CANARY } from '../support/leaks.ts'
import { startObservedService } from '../support/observed-service.ts'
import { createHttpClient } from '../support/service.ts'

/** Kept in the output of the suite too, which is looked through for it at the end. */
const MARKER = CANARY

t.test('neither logs nor spans hold payloads, secrets, headers or what stood in a URL', async (t) => {
  const collector = await startFakeCollector(t)
  const service = await startObservedService(t, {
    LOG_LEVEL: 'trace',
    CURSOR_SECRET: `${MARKER}-${'s'.repeat(32)}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_TRACES_SAMPLER_ARG: '1',
  })
  const { url, keys, proxy } = service
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.producer}`, 'content-type': 'application/json', ...headers },
      body,
    }).then(async (response) => ({ status: response.status, body: await response.text() }))
  const good = JSON.stringify({ event_type: 'a', payload: { [MARKER]: MARKER }, metadata: { x: MARKER } })

  const created = await post(good, { 'idempotency-key': MARKER, cookie: MARKER, 'x-custom': MARKER })
  t.equal(created.status, 201)
  const { event_id } = JSON.parse(created.body) as { event_id: string }
  t.equal((await post(good.replace('"a"', '"b"'), { 'idempotency-key': MARKER })).status, 422)
  t.equal((await post(`{"${MARKER}": ${MARKER}`)).status, 400)
  t.equal((await post(JSON.stringify({ event_type: 'a', payload: MARKER, [MARKER]: 1 }))).status, 400)
  t.equal((await post(good, { 'content-type': `text/${MARKER}` })).status, 415)
  const call = createHttpClient(t)
  for (const path of [
    `/events/${MARKER}`,
    `/${MARKER}`,
    `/events?cursor=${MARKER}`,
    `/events/%zz${MARKER}`,
    `/inbox?x=${MARKER}`,
  ]) {
    await call('GET', url + path, keys.consumer)
  }
  await call('GET', `${url}/inbox`, `trg_${MARKER}`)
  await call('GET', `${url}/inbox`, keys.consumer)
  for (const faults of [{ throttle: 1 }, { blackHole: true }, { refuse: true }]) {
    proxy.faults = faults
    await proxy.settle()
    t.equal((await post(good)).status, 503)
    await call('GET', `${url}/events/${event_id}`, keys.consumer)
    await call('POST', `${url}/events/${event_id}/acknowledge`, keys.consumer)
  }
  proxy.faults = {}
  await proxy.settle()
  await call('POST', `${url}/events/${event_id}/acknowledge`, keys.consumer)
  const raw = connect(Number(new URL(url).port), '127.0.0.1')
  raw.end(`${MARKER} ${MARKER} HTTP/9.9\r\n\r\n`)
  await new Promise((resolve) => raw.once('close', resolve).resume())
  t.equal(await service.stop(), 0)

  const output = service.stdout() + service.stderr()
  t.ok(service.lines().length > 20)
  t.ok(collector.spans().length > 40)
  for (const [what, text] of Object.entries({ output, spans: JSON.stringify(collector.spans()) })) {
    t.notOk(text.includes(MARKER), `${what}: no marker`)
    for (const key of Object.values(keys)) t.notOk(text.includes(key.split('_')[2]!), `${what}: no secret`)
    t.notOk(/authorization|bearer/i.test(text), `${what}: no authorization`)
  }
})

t.test('a request is one line that leads to everything else', async (t) => {
  const service = await startObservedService(t, {})
  const call = createHttpClient(t)
  await call('POST', `${service.url}/events`, service.keys.producer, { event_type: 'a', payload: {} })
  await call('GET', `${service.url}/events/no-such-event`, service.keys.consumer)
  await call('GET', `${service.url}/health`)
  await service.stop()
  const lines = service.lines().filter(({ route }) => route !== undefined)
  t.equal(lines.length, 2, 'and of checks there is none')
  t.match(lines[0], {
    level: 'info',
    time: /Z$/,
    request_id: /^req_/,
    method: 'POST',
    route: '/events',
    status: 201,
    tenant: 'acme',
    key_id: /^[0-9a-f]{16}$/,
    event_id: /^evt_[0-9a-z]{26}$/,
    request_bytes: 31,
    msg: 'request',
  })
  t.ok(Number(lines[0]?.['bytes']) > 100)
  t.ok(Number(lines[0]?.['duration_ms']) > 0)
  t.notOk('trace_id' in lines[0]!, 'nothing is traced')
  t.match(lines[1], { level: 'info', route: '/events/:event_id', status: 404, error: 'not_found' })
})

t.test('a stdout that nobody reads stalls nothing, and does not keep the process', async (t) => {
  const service = await startObservedService(t, {})
  const { url, keys, child } = service
  const call = createHttpClient(t, 20)
  const path = `${url}/events/no-such-event`
  const time = async (requests: number) => {
    const startedAt = performance.now()
    for (let n = 0; n < requests; n += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => call('GET', path, keys.consumer)))
      for (const { status } of answers) if (status !== 404) throw new Error(`status ${status}`)
    }
    return (performance.now() - startedAt) / requests
  }
  await time(1_000)
  child.stdout?.pause()
  // More than a pipe holds: 65,536 bytes.
  const first = await time(1_000)
  const later = await time(2_000)
  t.ok(later < 3 * first + 1, `${later.toFixed(2)} ms a request, ${first.toFixed(2)} before`)
  const startedAt = Date.now()
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number | null]
  t.equal(code, 0)
  t.ok(Date.now() - startedAt < 4_000)
  child.stdout?.resume()
})
