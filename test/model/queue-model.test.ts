/**
 * Random sequences of every verb against the model in test/support/model. A failure is shrunk and printed with
 * what repeats it: MODEL_SEED, MODEL_PATH and MODEL_REPLAY. MODEL_RUNS sets the number of sequences of each
 * property, MODEL_SECONDS for how long it may take, shrinking included.
 */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { openEmbeddedStore } from '../../src/dynamodb/embedded/embedded-store.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { auditAll, queueCommands, settle, World } from '../support/model/commands.ts'
import { QueueSystem, type Ground } from '../support/model/queue-system.ts'
import { openTable } from '../support/table.ts'

const { MODEL_RUNS, MODEL_SECONDS = '60', MODEL_SEED, MODEL_PATH, MODEL_REPLAY } = process.env
const MAX_COMMANDS = 60

interface Property {
  runs: number
  maxLosing?: number
  extra?: typeof settle
}

/** @returns How many answers got lost. */
async function check(t: Test, ground: Ground, { runs, maxLosing = 0, extra }: Property): Promise<number> {
  let lostAnswers = 0
  let isShrinking = false
  // When the time is up, the last run goes on for a while.
  let isOver = false
  const commands = fc.commands([...queueCommands(maxLosing), ...(extra ? [extra] : [])], {
    maxCommands: MAX_COMMANDS,
    size: 'max',
    ...(MODEL_REPLAY === undefined ? {} : { replayPath: MODEL_REPLAY }),
  })
  const property = fc.asyncProperty(commands, async (sequence) => {
    const system = new QueueSystem(ground)
    const world = new World()
    try {
      await fc.asyncModelRun(() => ({ model: world, real: system }), sequence)
      await auditAll(world, system)
    } catch (error) {
      if (!isShrinking && !isOver) t.comment('a sequence failed, and is being shrunk:', error)
      isShrinking = true
      throw error
    }
    lostAnswers += system.lostAnswers
  })
  const start = performance.now()
  const seed = MODEL_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(MODEL_SEED)
  const details = await fc.check(property, {
    seed,
    numRuns: MODEL_RUNS === undefined ? runs : Number(MODEL_RUNS),
    // Ends the shrinking as well, with what was found so far.
    interruptAfterTimeLimit: Number(MODEL_SECONDS) * 1000,
    ...(MODEL_PATH === undefined ? {} : { path: MODEL_PATH }),
  })
  isOver = true
  t.comment(`seed ${seed}, ${details.numRuns} runs, ${Math.round(performance.now() - start)} ms`)
  t.notOk(details.failed, fc.defaultReportMessage(details) ?? 'as the model says')
  return lostAnswers
}

function testModel(t: Test, endpoint: string): void {
  // The last one mostly waits.
  t.jobs = 3

  async function openGround(t: Test, faults: { indexLagMs?: number } = {}): Promise<Ground> {
    const proxy = await startFaultProxy({ target: endpoint })
    t.teardown(() => proxy.stop())
    const { dynamodb, table } = await openTable(t, proxy.endpoint)
    return { dynamodb, table, proxy, ...faults }
  }

  t.test('any sequence of verbs does what the model says', { buffered: true }, async (t) => {
    await check(t, await openTable(t, endpoint), { runs: 15 })
  })

  t.test(
    'answers get lost: no attempt is burnt, and nothing is a conflict that is none',
    { buffered: true },
    async (t) => {
      const lost = await check(t, await openGround(t), { runs: 8, maxLosing: 2 })
      t.ok(lost > 0, `${lost} answers lost`)
    },
  )

  t.test(
    'indexes are 2 s behind: nothing is handed out that is not on offer',
    { buffered: true },
    async (t) => {
      const property = { runs: 1, extra: settle }
      const grounds = await Promise.all(Array.from({ length: 3 }, () => openGround(t, { indexLagMs: 2_000 })))
      await Promise.all(grounds.map((ground) => check(t, ground, property)))
    },
  )
}

t.test('on DynamoDB Local', async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint === undefined) {
    t.pass('needs DynamoDB Local', { skip: 'there is no Java runtime' })
    return
  }
  testModel(t, endpoint)
})

t.test('on the embedded store', async (t) => {
  const embedded = await openEmbeddedStore({ folder: t.testdir() })
  t.teardown(() => embedded.stop())
  testModel(t, embedded.endpoint)
})
