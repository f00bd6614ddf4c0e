import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { synthesize, TEMPLATE_FILE, templateText, type Template } from './support/synthesize.ts'

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MAX_TEMPLATE_BYTES = 1_000_000

test('the committed template is what the example gives: `npm run template` writes it anew', () => {
  const text = readFileSync(TEMPLATE_FILE, 'utf8')
  const committed = (JSON.parse(text) as Template).Resources
  const { Resources: current } = synthesize()
  const ids = new Set([...Object.keys(committed), ...Object.keys(current)])
  const different = [...ids].filter((id) => JSON.stringify(committed[id]) !== JSON.stringify(current[id]))
  assert.deepEqual(different, [])
  assert.ok(templateText(synthesize()) === text)
})

test('CloudFormation takes it', () => {
  const text = readFileSync(TEMPLATE_FILE, 'utf8')
  assert.ok(text.length < MAX_TEMPLATE_BYTES)
  // It replaces other characters by question marks.
  assert.match(text, /^[\n -~]*$/)
})

test('it names no account and no region but those of the certificate', () => {
  const { certificateArn, ...rest } = JSON.parse(
    readFileSync(new URL('../parameters.example.json', import.meta.url), 'utf8'),
  ) as { certificateArn: string }
  assert.ok(Object.keys(rest).length > 0)
  const text = readFileSync(TEMPLATE_FILE, 'utf8').replaceAll(certificateArn, '')
  assert.doesNotMatch(text, /\d{12}|eu-central-1/)
})
