import type { History } from './history.ts'

const VERBS = ['create', 'claim', 'inbox', 'extend', 'release', 'nack', 'acknowledge']
const OUTCOMES = ['ok', 'fail', 'unknown']

/** Says what happened, so that a run that tested nothing is seen. */
export function describeHistory({ operations, final }: History): string {
  const count = (op: string, outcome: string) =>
    operations.filter((one) => one.op === op && one.outcome === outcome).length
  const counts = VERBS.map((op) => `${op} ${OUTCOMES.map((outcome) => count(op, outcome)).join('/')}`)
  const failed = final.filter(({ status }) => status === 'failed').length
  return `${final.length} events, ${failed} failed; ${OUTCOMES.join('/')}: ${counts.join(', ')}`
}
