import t from 'tap'
import { buildTestApp, givenEvents, type TestApp } from '../support/app.ts'
import { givenClaim, idsOf, post } from '../support/queue.ts'

const UNKNOWN = 'evt_01jd8x5q3v7k2m9n4p6r8s0t1w0'

/** The audit lines that something leaves, without what every line has. */
async function auditOf(app: TestApp, work: () => Promise<unknown>) {
  const before = app.logs.length
  await work()
  return app.logs
    .slice(before)
    .filter(({ audit }) => audit !== undefined)
    .map(({ audit, event_id, event_type, outcome, key_id }) => ({
      audit,
      event_id,
      event_type,
      outcome,
      key_id,
    }))
}

const keyIdOf = ({ authorization }: { authorization: string }) =>
  /^Bearer trg_([0-9a-f]+)_/.exec(authorization)?.[1]

t.test(
  'what is given back, rejected and redriven leaves a line each, and what is refused none',
  async (t) => {
    const app = await buildTestApp(t)
    await givenEvents(app, 3)
    const { consumer, admin } = app.acme
    const { lease_id, events } = await givenClaim(app)
    const [first = '', second = '', third = ''] = idsOf(events)
    const line = { event_type: undefined, outcome: undefined, key_id: keyIdOf(consumer) }

    const release = (ids: string[]) => post(app, '/inbox/release', consumer, { lease_id, event_ids: ids })
    t.strictSame(await auditOf(app, () => release([first, UNKNOWN, first])), [
      { ...line, audit: 'release', event_id: first },
    ])
    t.strictSame(await auditOf(app, () => release([first])), [], 'it is held no more')

    const nack = (id: string, body: object) =>
      post(app, `/events/${id}/nack`, consumer, { lease_id, ...body })
    t.strictSame(await auditOf(app, () => nack(second, { delay_seconds: 60 })), [
      { ...line, audit: 'nack', event_id: second, outcome: 'delayed' },
    ])
    t.strictSame(await auditOf(app, () => nack(third, { permanent: true })), [
      { ...line, audit: 'nack', event_id: third, outcome: 'failed' },
    ])
    t.strictSame(await auditOf(app, () => nack(third, {})), [])

    const redriven = { ...line, audit: 'redrive', event_type: 'order.created', key_id: keyIdOf(admin) }
    t.strictSame(await auditOf(app, () => post(app, `/events/${third}/redrive`, admin)), [
      { ...redriven, event_id: third },
    ])
    t.strictSame(await auditOf(app, () => post(app, `/events/${third}/redrive`, admin)), [])
    await post(app, `/events/${third}/nack`, consumer, { permanent: true })
    t.strictSame(await auditOf(app, () => post(app, '/inbox/redrive', admin, { dry_run: true })), [])
    t.strictSame(await auditOf(app, () => post(app, '/inbox/redrive', admin)), [
      { ...redriven, event_id: third },
    ])
  },
)
