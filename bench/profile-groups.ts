import type { Profiler } from 'node:inspector'

type CallFrame = Profiler.ProfileNode['callFrame']

/** Where the time of a server goes, by whose code it is in; the first that fits counts. */
const GROUPS: Record<string, (frame: CallFrame) => boolean> = {
  idle: ({ functionName }) => functionName === '(idle)',
  sending: ({ functionName, url }) => url === '' && /^write(v|\w*String|Buffer)$/.test(functionName),
  garbage: ({ functionName }) => functionName === '(garbage collector)',
  cryptography: ({ url }) => url.startsWith('node:internal/crypto'),
  Node: ({ url }) => url.startsWith('node:'),
  undici: ({ url }) => url.includes('/undici/') || url.startsWith('wasm:'),
  tracing: ({ url }) => /@opentelemetry|src\/telemetry|plugins\/tracing/.test(url),
  'logs, metrics': ({ url }) => /\/pino\/|src\/(logging|metrics)|plugins\/(request-log|metrics)/.test(url),
  Fastify: ({ url }) => url.includes('node_modules'),
  'src/dynamodb': ({ url }) => url.includes('src/dynamodb'),
  'other own': ({ url }) => url.startsWith('file:'),
  'schemas, V8': () => true,
}

export const LEGEND =
  '“Sending” is the system calls that write to sockets, “Node” its HTTP, streams and timers, “Fastify” all other packages, ' +
  '“other own” the rest of the server’s own code, “schemas, V8” compiled serializers and validators, and V8 itself.'

/** In the order of the table; being idle is none of it. */
export const GROUP_NAMES = Object.keys(GROUPS).slice(1)

/** @returns The part (0 to 1) of the busy time that each group has for itself. */
export function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Map<string, number> {
  const groupOf = new Map(
    nodes.map(({ id, callFrame }) => [id, Object.keys(GROUPS).find((name) => GROUPS[name]?.(callFrame))]),
  )
  const times = new Map<string, number>()
  let busy = 0
  samples.forEach((id, n) => {
    const group = groupOf.get(id)
    if (group === undefined || !GROUP_NAMES.includes(group)) return
    const time = timeDeltas[n] ?? 0
    busy += time
    times.set(group, (times.get(group) ?? 0) + time)
  })
  return new Map([...times].map(([group, time]) => [group, time / busy]))
}
