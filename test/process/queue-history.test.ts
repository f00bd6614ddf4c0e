/**
 * Many clients at several tasks of this process over one table, whose clocks and writes may be off: whether the check of
 * a history notices what it should. HISTORY_SECONDS sets for how long they go on.
 */
import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import t, { type Test } from 'tap'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { judge } from '../support/history/judge.ts'
import { runLoad, type Load } from '../support/history/load.ts'
import { startLocalApp, type LocalAppOptions } from '../support/history/local-app.ts'
import { keysOfNewTenant } from '../support/history/tenant.ts'
import { openTable } from '../support/table.ts'

const SECONDS = Number(process.env['HISTORY_SECONDS'] ?? 5)
const LOAD = { forMs: SECONDS * 1000, producers: 4, workers: 10, pollers: 2, maxAttempts: 6 }
/** How many histories a control may take to show what it must. */
const MOST_HISTORIES = 6
const NACK_DELAYS = { minSeconds: 0, maxSeconds: 1 }

function testHistories(t: Test, endpoint: string): void {
  // They wait more than they work.
  t.jobs = 3

  async function runLocally(
    t: Test,
    options: Partial<LocalAppOptions & Load>,
    aheadMs: number[],
  ): Promise<string[]> {
    const table = await openTable(t, endpoint)
    const keys = await keysOfNewTenant(table.access)
    const common = { maxAttempts: LOAD.maxAttempts, nackDelays: NACK_DELAYS, ...options }
    const urls = await Promise.all(
      aheadMs.map((ahead) => startLocalApp(t, table, { ...common, aheadMs: ahead })),
    )
    const history = await runLoad({ urls, ...keys }, { ...LOAD, ...options, forMs: 0.5 * LOAD.forMs })
    return judge(t, history, options.sabotage === undefined && options.hoarding === undefined)
  }

  t.test('clocks that differ by 0.9 s do not make two holders', { buffered: true }, async (t) => {
    t.strictSame(await runLocally(t, {}, [-450, 0, 450]), [])
  })

  /** Whether two holders of one event are noticed in one of a few histories: a slow machine may not let two meet in one. */
  async function noticesTwoHolders(t: Test, options: Partial<LocalAppOptions & Load>, aheadMs: number[]) {
    for (let histories = 1; histories <= MOST_HISTORIES; histories++) {
      const violations = await runLocally(t, options, aheadMs)
      if (violations.some((violation) => violation.startsWith('doubly held'))) {
        t.pass(`two holders noticed in history ${histories}`)
        return
      }
    }
    t.fail(`no two holders noticed in ${MOST_HISTORIES} histories`)
  }

  const isClaim = (input: UpdateItemCommandInput) =>
    input.ConditionExpression?.startsWith('available_at = :seen AND')

  t.test('the check notices when claims do not compare what they saw', { buffered: true }, async (t) => {
    const sabotage = (input: UpdateItemCommandInput) =>
      isClaim(input)
        ? {
            ...input,
            ConditionExpression: input.ConditionExpression?.replace(
              'available_at = :seen',
              '(available_at <> :seen OR available_at = :seen)',
            ),
          }
        : input
    await noticesTwoHolders(t, { sabotage }, [0, 0, 0])
  })

  t.test(
    'the check notices when clocks differ by more than the second that leases are stored for longer',
    { buffered: true },
    async (t) => {
      await noticesTwoHolders(t, { hoarding: 0.9 }, [0, 1_600])
    },
  )
}

t.test('on DynamoDB Local', async (t) => {
  const endpoint = await dynamoDBLocalEndpoint(t)
  if (endpoint === undefined) {
    t.pass('needs DynamoDB Local', { skip: 'there is no Java runtime' })
    return
  }
  testHistories(t, endpoint)
})
