/** Judges kept histories once more: `node test/support/history/recheck.ts FILE...`. Exits with 1 where one breaks a rule. */
import { checkHistory } from './check-history.ts'
import { describeHistory } from './describe.ts'
import { readHistory } from './file.ts'

for (const file of process.argv.slice(2)) {
  const history = await readHistory(file)
  const violations = checkHistory(history)
  console.log(`${file}: ${violations.length} violations; ${describeHistory(history)}`)
  for (const { rule, event_id, detail } of violations) console.log(`${rule}: ${event_id}, ${detail}`)
  if (violations.length > 0) process.exitCode = 1
}
