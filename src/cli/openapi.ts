import { readFile, writeFile } from 'node:fs/promises'
import stringify from 'safe-stable-stringify'
import { generateOpenApi } from '../openapi.ts'
import { runCommand } from './command.ts'

const HELP = `Writes the OpenAPI document, generated from the schemas of the routes, to openapi/openapi.json.

  npm run openapi              writes it
  npm run openapi -- --check   writes nothing; fails when the committed document differs
`

const DOCUMENT = new URL('../../openapi/openapi.json', import.meta.url)

await runCommand(HELP, async (args) => {
  // Sorted members, so that a diff shows what changed and nothing else.
  const generated = `${stringify(await generateOpenApi(), undefined, 2)}\n`
  if (!args.includes('--check')) {
    await writeFile(DOCUMENT, generated)
  } else if ((await readFile(DOCUMENT, 'utf8')) !== generated) {
    throw new Error('openapi/openapi.json is not what the code says: run npm run openapi and commit it.')
  }
})
