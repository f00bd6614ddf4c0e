/**
 * Many clients at several tasks over one table; what they did is checked afterwards against what the service promises.
 * HISTORY_SECONDS sets for how long they go on. A history that breaks a rule where none should is kept
 * in the folder for temporary files.
 */
import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ROLES, type Role } from '../../src/domain/access.ts'
import { createKey } from '../../src/domain/key-management.ts'
import { dynamoDBLocalEndpoint } from '../support/dynamodb-local.ts'
import { checkHistory } from '../support/history/check-history.ts'
import type { Target } from '../support/history/client.ts'
import type { History } from '../support/history/history.ts'
import { runLoad, type Load } from '../support/history/load.ts'
import { startLocalApp, type LocalAppOptions } from '../support/history/local-app.ts'
import { startService } from '../support/service.ts'
import { openTable, type TestTable } from '../support/table.ts'

const SECONDS = Number(process.env['HISTORY_SECONDS'] ?? 5)
const LOAD = { forMs: SECONDS * 1000, producers: 4, workers: 10, pollers: 2, maxAttempts: 6 }
const NACK_DELAYS = { minSeconds: 0, maxSeconds: 1 }

async function keysFor({ access }: TestTable): Promise<Omit<Target, 'urls'>> {
  const tenant = `t-${randomUUID()}`
  const key = async (role: Role) => {
    const scopes = ROLES[role]
    return (await createKey(access, Date.now, { tenant, scopes, name: null, valid_until: null })).token
  }
  return { producerKey: await key('producer'), consumerKey: await key('consumer') }
}

/** Says what happened, so that a run that tested nothing is seen. */
function describe({ operations, final }: History): string {
  const count = (op: string, outcome: string) =>
    operations.filter((one) => one.op === op && one.outcome === outcome).length
  const verbs = ['create', 'claim', 'inbox', 'extend', 'release', 'nack', 'acknowledge']
  const counts = verbs.map((op) => `${op} ${['ok', 'fail', 'unknown'].map((o) => count(op, o)).join('/')}`)
  const failed = final.filter(({ status }) => status === 'failed').length
  return `${final.length} events, ${failed} failed; ok/fail/unknown: ${counts.join(', ')}`
}

async function judge(t: Test, history: History, isSound = true): Promise<string[]> {
  const violations = checkHistory(history)
  t.comment(describe(history))
  if (violations.length > 0 && isSound) {
    const file = join(tmpdir(), `queue-history-${randomUUID()}.json`)
    await writeFile(file, JSON.stringify(history))
    t.comment(`${violations.length} violations; the history is in ${file}`)
  }
  return violations.map(({ rule, event_id, detail }) => `${rule}: ${event_id}, ${detail}`)
}

function testHistories(t: Test, endpoint: string): void {
  t.test(
    'three processes, consumers killed at work, a process killed under load',
    { buffered: true },
    async (t) => {
      const table = await openTable(t, endpoint)
      const keys = await keysFor(table)
      const environment = {
        DYNAMODB_TABLE: table.table,
        DYNAMODB_ENDPOINT: endpoint,
        MAX_ATTEMPTS: String(LOAD.maxAttempts),
        NACK_DELAY_MIN_SECONDS: String(NACK_DELAYS.minSeconds),
        NACK_DELAY_MAX_SECONDS: String(NACK_DELAYS.maxSeconds),
      }
      const services = await Promise.all([1, 2, 3].map(() => startService(t, environment)))
      const urls = services.map(({ url }) => url)
      const killOne = () => {
        services[2]?.child.kill('SIGKILL')
        urls.length = 2
      }
      const history = await runLoad({ urls, ...keys }, { ...LOAD, onTheWay: killOne })
      t.strictSame(await judge(t, history), [])
      const outcomes = new Set(history.operations.map(({ outcome }) => outcome))
      t.ok(outcomes.has('ok') && outcomes.has('unknown'), 'answers got lost')
    },
  )

  // The others wait more than they work.
  t.jobs = 3

  async function runLocally(
    t: Test,
    options: Partial<LocalAppOptions & Load>,
    aheadMs: number[],
  ): Promise<string[]> {
    const table = await openTable(t, endpoint)
    const keys = await keysFor(table)
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
    const violations = await runLocally(t, { sabotage }, [0, 0, 0])
    t.ok(
      violations.some((violation) => violation.startsWith('doubly held')),
      violations[0] ?? 'no violation',
    )
  })

  t.test(
    'the check notices when clocks differ by more than the second that leases are stored for longer',
    { buffered: true },
    async (t) => {
      const violations = await runLocally(t, { hoarding: 0.9 }, [0, 1_600])
      t.ok(
        violations.some((violation) => violation.startsWith('doubly held')),
        violations[0] ?? 'no violation',
      )
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
