import t from 'tap'
import { HELP, readOptions } from '../../bench/options.ts'

t.test('without options everything is measured, as long as results need', async (t) => {
  const options = readOptions([])
  t.strictSame(options?.sections, ['throughput'])
  t.match(options, { rounds: 3, seconds: 3, connections: 32, writesResults: false })
  t.equal(options?.endpoints.length, 10)
})

t.test('it measures what it is asked for', async (t) => {
  const options = readOptions(['--endpoints', 'get,404', '--variants', 'ours', '--latency', '--quick'])
  t.strictSame(
    options?.endpoints.map(({ name }) => name),
    ['get', '404'],
  )
  t.match(options, { sections: ['latency'], variants: ['ours'], rounds: 1 })
})

t.test('beside what others choose, it compares with another checkout', async (t) => {
  t.match(readOptions(['--against', '../before']), { sections: ['against'], against: '../before' })
  t.match(readOptions(['--profile', '--against', '../before']), { sections: ['profile', 'against'] })
})

t.test('what it does not know it says', async (t) => {
  t.throws(() => readOptions(['--endpoints', 'put']), /There is no put/)
  t.throws(() => readOptions(['--rounds', 'many']), /--rounds must be/)
  t.throws(() => readOptions(['--fast']), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' })
})

t.test('help tells every option', async (t) => {
  t.equal(readOptions(['--help']), undefined)
  for (const option of ['--throughput', '--endpoints', '--json', '--write-results']) t.match(HELP, option)
})
