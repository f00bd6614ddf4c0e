import type { Node } from 'constructs'
import { readFileSync } from 'node:fs'
import { Parameters } from './parameters.ts'

const DEFAULT_FILE = 'parameters.json'

/**
 * What operators said: a file of parameters (`-c parameters=FILE`, beside this app's package.json), and single ones over
 * it (`-c imageTag=1.2.3`).
 */
export function readContext(node: Node): Record<string, unknown> {
  const file = String(node.tryGetContext('parameters') ?? DEFAULT_FILE)
  const given = JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')) as object
  const single = Object.keys(Parameters.properties)
    .map((name): [string, unknown] => [name, node.tryGetContext(name)])
    .filter(([, value]) => value !== undefined)
  return { ...given, ...Object.fromEntries(single) }
}
