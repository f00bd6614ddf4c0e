/**
 * What `npm test` runs: Node's own test runner, so that nothing is installed twice, and a last line that counts the
 * tests. Arguments are test files; without any, all of them.
 */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { summaryLine } from '../../../test/support/tap-results.ts'

const ROOT = join(import.meta.dirname, '../..')
const files = process.argv.length > 2 ? process.argv.slice(2) : globSync('test/**/*.test.ts', { cwd: ROOT })

const counts = { passed: 0, failed: 0, skipped: 0 }
// What goes wrong outside of tests, such as a file that does not load, is a failed test of that file.
// One process for all: CDK takes seconds to load.
const stream = run({ cwd: ROOT, files: files.map((file) => join(ROOT, file)), isolation: 'none' })
stream.on('test:summary', ({ file, counts: { tests, passed, skipped, todo } }) => {
  if (file !== undefined) return
  counts.passed = passed
  counts.failed = tests - passed - skipped - todo
  counts.skipped = skipped + todo
})
stream.on('end', () => {
  process.exitCode = counts.passed > 0 && counts.failed === 0 ? 0 : 1
})
process.on('exit', () => {
  process.stdout.write(`${summaryLine(counts)}\n`)
})
stream.compose(spec).pipe(process.stdout)
