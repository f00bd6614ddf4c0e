import { readFile } from 'node:fs/promises'
import t from 'tap'
import { SERVICE_ARGUMENTS } from '../../bench/variants.ts'

t.test('the service is measured as `npm start` has it', async (t) => {
  const { scripts } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    scripts: Record<string, string>
  }
  const [node, ...options] = scripts['start']?.split(' ') ?? []
  t.equal(node, 'node')
  t.strictSame(options.slice(0, SERVICE_ARGUMENTS.length), SERVICE_ARGUMENTS)
})
