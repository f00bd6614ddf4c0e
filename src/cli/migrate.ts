import { readConfig } from '../config.ts'
import { migrate } from '../dynamodb/migrate.ts'
import { createClient } from '../dynamodb/client.ts'
import { openStorage } from '../storage.ts'
import { runCommand } from './command.ts'

const HELP = `Creates the table with its indexes and expiry, or checks that the one that is there fits.

  npm run migrate

Takes the table from DYNAMODB_TABLE, DYNAMODB_ENDPOINT and AWS_REGION. Without any it prepares the embedded store, as
the server itself does at its start.
`

await runCommand(HELP, async () => {
  const { storage } = readConfig(process.env)
  if (storage.kind === 'embedded') {
    // Opening the embedded store makes its table.
    await (await openStorage(storage, { attach: true })).close()
    process.stdout.write(`The embedded store in ${storage.folder} is ready.\n`)
    return
  }
  const client = createClient(storage)
  const { created } = await migrate(client, storage.table)
  client.destroy()
  process.stdout.write(`The table ${storage.table} ${created ? 'is created' : 'is there and fits'}.\n`)
})
