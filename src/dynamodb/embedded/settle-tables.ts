import { itemPrefix, rangeOf, readTables, TABLES, tagPrefix, type Level, type Table } from './layout.ts'

/**
 * Ends what a kill interrupted: dynalite finishes the making, changing and deleting of a table from a timer, so a table
 * whose process died before stays in that state for good. Index rows of deleted tables are left to the rebuild.
 */
export async function settleTables(level: Level): Promise<void> {
  for (const table of await readTables(level)) {
    if (table.TableStatus === 'DELETING') await dropTable(level, table.TableName)
    else if (isPassing(table)) await writeTable(level, activeTable(table))
  }
}

async function dropTable(level: Level, name: string): Promise<void> {
  await level.clear(rangeOf(itemPrefix(name)))
  await level.clear(rangeOf(tagPrefix(name)))
  await level.batch([{ type: 'del', key: TABLES + name }])
}

async function writeTable(level: Level, table: Table): Promise<void> {
  await level.batch([{ type: 'put', key: TABLES + table.TableName, value: table }])
}

function isPassing(table: Table): boolean {
  const states = [
    table.TableStatus,
    ...(table.GlobalSecondaryIndexes ?? []).map((index) => index.IndexStatus),
  ]
  return states.some((state) => state !== 'ACTIVE')
}

/** The table as dynalite's timer would have left it; only global indexes have a state. */
function activeTable(table: Table): Table {
  const indexes = table.GlobalSecondaryIndexes?.map((index) => ({ ...index, IndexStatus: 'ACTIVE' }))
  return { ...table, TableStatus: 'ACTIVE', ...(indexes && { GlobalSecondaryIndexes: indexes }) }
}
