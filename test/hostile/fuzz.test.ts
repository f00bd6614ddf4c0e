/**
 * Requests made from the committed OpenAPI document, against the service as a process of its own over a real store: such
 * as it allows, such as it does not, anything at all, and bytes that are hardly HTTP. A failure is shrunk and printed
 * with what repeats it: FUZZ_SEED and FUZZ_PATH. FUZZ_RUNS sets the number of requests of each property.
 */
import fc, { type Arbitrary, type RunDetails } from 'fast-check'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { operations, type Operation } from '../support/hostile/document.ts'
import { startGround } from '../support/hostile/ground.ts'
import { anyRequest } from '../support/hostile/any-request.ts'
import { mangledRequest, sendMangled } from '../support/hostile/mangled.ts'
import { targetOf, validRequest, wrongRequest, type Draft } from '../support/hostile/requests.ts'
import type { Exchange } from '../support/openapi-responses.ts'

const { FUZZ_RUNS, FUZZ_SEED, FUZZ_PATH } = process.env
/** What the process may hold more at the end than at the start, in MB. */
const MAX_GROWTH_MB = 150
/** What a request that was cut off takes until it is served or given up. */
const SETTLE_MS = 20

/** What a schema cannot say, so that a request which the document allows may be refused with it. */
const BEYOND_SCHEMAS = [
  // The range of a double that JSON clients read alike, and a name that JavaScript reserves.
  'integer_out_of_range',
  'forbidden_name',
  // One field against another, the clock, or what was sent before.
  'empty_interval',
  'idempotency_key_reused',
]

interface Refusal {
  error: string
  details?: { field: string; code: string }[]
}

const reportOf = <Value>(details: RunDetails<[Value]>) =>
  `${fc.defaultReportMessage(details) ?? ''} ${'errorInstance' in details ? String(details.errorInstance) : ''}`

/** Checks a property with so many runs, and that the process took no harm. */
async function check<Value>(
  t: Test,
  runs: number,
  values: Arbitrary<Value>,
  property: (value: Value) => Promise<void>,
): Promise<void> {
  const seed = FUZZ_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(FUZZ_SEED)
  const before = ground.rssMB()
  const start = performance.now()
  const details = await fc.check(fc.asyncProperty(values, property), {
    seed,
    numRuns: FUZZ_RUNS === undefined ? runs : Number(FUZZ_RUNS),
    ...(FUZZ_PATH === undefined ? {} : { path: FUZZ_PATH }),
  })
  const after = ground.rssMB()
  t.comment(
    `FUZZ_SEED=${seed}: ${details.numRuns} runs in ${Math.round(performance.now() - start)} ms, ` +
      `${before?.toFixed(0)} MB before and ${after?.toFixed(0)} MB after`,
  )
  t.notOk(details.failed, details.failed ? reportOf(details) : 'as the document says')
  t.equal(ground.service.child.exitCode, null, 'the process is alive')
  t.equal((await ground.send({ method: 'GET', url: '/health' })).status, 200)
  if (before !== undefined && after !== undefined)
    t.ok(after - before < MAX_GROWTH_MB, 'its memory is bounded')
}

const toOutgoing = (draft: Draft) => ({
  method: draft.operation.method,
  url: targetOf(draft),
  headers: draft.headers,
  body: draft.body,
})

/** Runs `act`, which gives the answers; where all of them are refusals, nothing that is stored may have changed. */
function createGuard() {
  let last: string | undefined
  // A request that was cut off may still be served.
  const settled = async (before?: string): Promise<string> => {
    await delay(SETTLE_MS)
    const now = await ground.snapshot()
    return now === before ? now : settled(now)
  }
  return async (act: () => Promise<Pick<Exchange, 'status'>[]>): Promise<void> => {
    const before = last ?? (await ground.snapshot())
    const answers = await act()
    last = await (answers.length > 0 ? ground.snapshot() : settled())
    const isRefused = answers.length > 0 && answers.every(({ status }) => status >= 400)
    if (isRefused && last !== before) throw new Error('What was refused changed what is stored')
    const failed = answers.find(({ status }) => status >= 500)
    if (failed) throw new Error(`The answer is ${failed.status}`)
  }
}

function assertServed(operation: Operation, { status, body }: Exchange): void {
  if (status < 300) return
  const { error, details = [] } = JSON.parse(body) as Refusal
  if (operation.path.includes('{event_id}') && ['not_found', 'conflict', 'lease_lost'].includes(error)) return
  const unexpected = details.filter(({ code }) => !BEYOND_SCHEMAS.includes(code))
  if (details.length === 0 || unexpected.length > 0) throw new Error(`An allowed request is refused: ${body}`)
}

const oneOf = <Value>(of: Operation[], make: (operation: Operation) => Arbitrary<Value>): Arbitrary<Value> =>
  fc.oneof(...of.map(make))

// A leak ends the process.
const ground = await startGround(t, { NODE_OPTIONS: '--max-old-space-size=256' })

t.test('what the document does not allow is refused, and changes nothing', async (t) => {
  const guard = createGuard()
  // A public operation takes nothing, so there is nothing to be wrong about it.
  const closed = operations.filter(({ isPublic }) => !isPublic)
  const requests = oneOf(closed, (operation) => wrongRequest(operation, ground.known))
  await check(t, 150, requests, (draft) =>
    guard(async () => {
      const exchange = await ground.send(toOutgoing(draft))
      const { error } = JSON.parse(exchange.body || '{}') as Partial<Refusal>
      if (exchange.status === draft.status && error === draft.error) return [exchange]
      throw new Error(
        `${draft.what} is ${draft.status} ${draft.error}, not ${exchange.status} ${error ?? ''}`,
      )
    }),
  )
})

t.test('anything else is refused as the document says, and changes nothing', async (t) => {
  const guard = createGuard()
  await check(t, 150, anyRequest(ground.known), (outgoing) =>
    guard(async () => [await ground.send(outgoing)]),
  )
})

t.test('bytes that are hardly HTTP are answered or dropped, and change nothing', async (t) => {
  const guard = createGuard()
  await check(t, 100, mangledRequest(ground), (bytes) => guard(() => sendMangled(ground.port, bytes)))
})

t.test('what the document allows is served as it says', async (t) => {
  const served = new Set<string>()
  const requests = oneOf(operations, (operation) => validRequest(operation, ground.known))
  await check(t, 150, requests, async (draft) => {
    const exchange = await ground.send(toOutgoing(draft))
    assertServed(draft.operation, exchange)
    if (exchange.status >= 300) return
    served.add(draft.operation.id)
    if (draft.operation.id !== 'createEvent') return
    const { payload } = JSON.parse(exchange.body) as { payload: unknown }
    const sent = JSON.parse(draft.body ?? '') as { payload: unknown }
    if (JSON.stringify(payload) !== JSON.stringify(sent.payload)) throw new Error('The payload was changed')
  })
  t.ok(
    served.size > operations.length / 2,
    `${served.size} of ${operations.length} operations served a request`,
  )
})
