import t from 'tap'
import { startHttpSink, refusingEndpoint } from '../support/http-sink.ts'
import { startObservedService, type ObservedService } from '../support/observed-service.ts'
import { createHttpClient } from '../support/service.ts'

/** The last metrics and spans are given three seconds; a machine that is busy needs some for itself. */
const ENDS_WITHIN_MS = 8_000

/** The time of a request in the middle of many, in ms. */
async function medianOf(
  service: ObservedService,
  call: ReturnType<typeof createHttpClient>,
): Promise<number> {
  const times: number[] = []
  const worker = async () => {
    for (let n = 0; n < 30; n++) {
      const startedAt = performance.now()
      const { status } = await call('POST', `${service.url}/events`, service.keys.producer, {
        event_type: 'a',
        payload: {},
      })
      if (status !== 201) throw new Error(`status ${status}`)
      times.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  return times.toSorted((a, b) => a - b)[times.length / 2]!
}

t.test('with both endpoints dead, refusing or hanging, nothing changes', async (t) => {
  const hanging = await startHttpSink(t, '', 'text/plain')
  hanging.behaviour = 'hang'
  const failing = await startHttpSink(t, '', 'text/plain')
  failing.behaviour = 500
  const endpoints = {
    refusing: await refusingEndpoint(),
    hanging: hanging.endpoint,
    failing: failing.endpoint,
  }
  const call = createHttpClient(t)
  const reference = await startObservedService(t, {})
  for (const [what, endpoint] of Object.entries(endpoints)) {
    const service = await startObservedService(t, {
      METRICS_SINK: 'cloudwatch',
      METRICS_INTERVAL_SECONDS: '1',
      CLOUDWATCH_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_TRACES_SAMPLER_ARG: '1',
      SHUTDOWN_SETTLE_MS: '0',
    })
    for (const warmed of [reference, service]) await medianOf(warmed, call)
    const without = [await medianOf(reference, call)]
    const withDead = [await medianOf(service, call)]
    without.push(await medianOf(reference, call))
    withDead.push(await medianOf(service, call))
    const [a, b] = [Math.min(...without), Math.min(...withDead)]
    // Every request is traced here, which costs by itself; an endpoint that stalls one would cost seconds.
    t.ok(b < 2 * a + 50, `${what}: ${b.toFixed(1)} ms, ${a.toFixed(1)} ms without`)
    const stoppedAt = Date.now()
    t.equal(await service.stop(), 0)
    t.ok(Date.now() - stoppedAt < ENDS_WITHIN_MS, `${what}: it ends in time (${Date.now() - stoppedAt} ms)`)
    const warnings = service.lines().flatMap(({ level, msg }) => (level === 'warn' ? [msg] : []))
    t.ok(warnings.includes('metrics were not sent'), `${what}: and it says so`)
    t.same(warnings, [...new Set(warnings)], 'once a minute')
    t.notMatch(service.stderr(), /Unhandled|Error/)
  }
})
