import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { checkHistory } from './check-history.ts'
import { describeHistory } from './describe.ts'
import { writeHistory } from './file.ts'
import type { History } from './history.ts'

/** Where histories are kept: all of them in HISTORY_FOLDER, otherwise those that break a rule among temporary files. */
const { HISTORY_FOLDER } = process.env

/**
 * Checks a history and says what happened in it.
 *
 * @param isSound Whether it should break no rule: what is meant to be broken is not kept.
 * @returns What it breaks, one line each.
 */
export async function judge(t: Test, history: History, isSound = true): Promise<string[]> {
  const violations = checkHistory(history)
  t.comment(describeHistory(history))
  if (isSound && (violations.length > 0 || HISTORY_FOLDER !== undefined)) {
    const file = join(HISTORY_FOLDER ?? tmpdir(), `history-${randomUUID()}.jsonl`)
    await writeHistory(file, history)
    t.comment(`${violations.length} violations; the history is in ${file}`)
  }
  return violations.map(({ rule, event_id, detail }) => `${rule}: ${event_id}, ${detail}`)
}
