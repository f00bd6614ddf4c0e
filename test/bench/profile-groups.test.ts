import t from 'tap'
import { GROUP_NAMES, sharesOf } from '../../bench/profile-groups.ts'

/** A profile of functions that each were seen for so many µs, one after the other. */
function profileOf(seen: [functionName: string, url: string, us: number][]) {
  const nodes = seen.map(([functionName, url], index) => ({
    id: index + 1,
    callFrame: { functionName, url, scriptId: '0', lineNumber: 0, columnNumber: 0 },
  }))
  const samples = nodes.map(({ id }) => id)
  return { nodes, samples, timeDeltas: seen.map(([, , us]) => us), startTime: 0, endTime: 0 }
}

t.test('each function belongs to whose code it is, and being idle is no part', async (t) => {
  const shares = sharesOf(
    profileOf([
      ['(idle)', '', 900],
      ['writev', '', 10],
      ['(garbage collector)', '', 10],
      ['update', 'node:internal/crypto/hash', 10],
      ['emit', 'node:events', 10],
      ['dispatch', 'file:///a/node_modules/undici/lib/core/request.js', 10],
      ['startSpan', 'file:///a/node_modules/@opentelemetry/sdk-trace/x.js', 5],
      ['open', 'file:///a/src/telemetry/call-span.ts', 5],
      ['toLine', 'file:///a/src/plugins/request-log.ts', 10],
      ['routeHandler', 'file:///a/node_modules/fastify/lib/route.js', 10],
      ['sign', 'file:///a/src/dynamodb/wire/signature.ts', 10],
      ['createEvent', 'file:///a/src/domain/create-event.ts', 5],
      ['anonymous0', '', 5],
    ]),
  )
  const tenth = Object.fromEntries(GROUP_NAMES.map((name) => [name, 0.1]))
  t.strictSame(Object.fromEntries(shares), { ...tenth, 'other own': 0.05, 'schemas, V8': 0.05 })
})
