import t from 'tap'
import { readCounts, readFailures, summaryLine } from './tap-results.ts'

const OUTPUT = `TAP version 14
# Subtest: first.test.ts
    # Subtest: adds
        ok 1 - one and one
        not ok 2 - two and two
          ---
          diff: |
            -4
            +5
          ...
        not ok 3 - planned # TODO later
        ok 4 - elsewhere # SKIP no store
        1..4
        # failed 1 of 4 tests
    not ok 1 - adds # time=3ms
    1..1
    # failed 1 test
not ok 1 - first.test.ts # time=10ms
# Subtest: slow.test.ts
    ok 1 - begins
    1..1
not ok 2 - slow.test.ts # time=30000ms
  ---
  timeout: 30000
  ...
1..2
# { total: 6, pass: 2, fail: 2, todo: 1, skip: 1 }
`

t.test('each failure is told once, with where it lies and what was found', (t) => {
  const [wrong, late, ...others] = readFailures(OUTPUT)
  t.match(wrong, /^not ok \d+ - first\.test\.ts > adds > two and two\n/)
  t.match(wrong, /-4\n\s*\+5/)
  t.match(late, /- slow\.test\.ts/)
  t.match(late, /timeout: 30000/)
  t.same(others, [])
  t.end()
})

t.test('the counts are those of tap', (t) => {
  t.equal(summaryLine(readCounts(OUTPUT)), '2 passed, 2 failed, 2 skipped')
  t.equal(summaryLine(readCounts('')), '0 passed, 0 failed')
  t.same(readFailures(''), [])
  t.end()
})
