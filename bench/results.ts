import { readFile, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Section } from './sections/section.ts'

const FILE = join(import.meta.dirname, 'RESULTS.md')

const INTRODUCTION = `# Results of the benchmark

Written by \`npm run bench -- --write-results\`, each section by its own run; \`--help\` tells what is measured.
What counts are the ratios: the figures are those of one machine.
`

const PACKAGES = [
  'fastify',
  '@aws-sdk/client-dynamodb',
  'undici',
  'autocannon',
  '@fastify/otel',
  '@opentelemetry/sdk-node',
]

async function versionOf(name: string): Promise<string> {
  const file = join(import.meta.dirname, '../node_modules', name, 'package.json')
  const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string }
  return `${name} ${version}`
}

/** When and on what it was measured. */
export async function circumstances(): Promise<string> {
  const [first] = cpus()
  const machine = `${cpus().length} × ${first?.model.trim() ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`
  const versions = await Promise.all(PACKAGES.map(versionOf))
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${versions.join(', ')}; ${machine}.`
}

/** Puts a section into RESULTS.md, in place of what it said before. */
export async function writeResult({ title, text }: Section, on: string): Promise<void> {
  const known = await readFile(FILE, 'utf8').catch(() => INTRODUCTION)
  const [head = INTRODUCTION, ...sections] = known.split(/^(?=## )/m)
  const written = `## ${title}\n\n${on}\n\n${text}\n`
  const at = sections.findIndex((section) => section.startsWith(`## ${title}\n`))
  if (at < 0) sections.push(written)
  else sections[at] = written
  await writeFile(FILE, [head, ...sections].map((part) => `${part.trim()}\n`).join('\n'))
}
