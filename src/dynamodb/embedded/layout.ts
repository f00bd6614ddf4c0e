/** What dynalite 4 keeps where in its one LevelDB: every row is JSON under a key that begins with a name and `~`. */

/** The part of LevelDB (`abstract-level` with string keys and JSON values) that is used here. */
export interface Level {
  open(): Promise<void>
  batch(writes: Write[]): Promise<void>
  clear(range: Range): Promise<void>
  values(options: Range & { highWaterMarkBytes?: number }): {
    nextv(count: number): Promise<unknown[]>
    close(): Promise<void>
  }
}

export type Write = { type: 'put'; key: string; value: unknown } | { type: 'del'; key: string }

interface Range {
  gte: string
  lt: string
}

export interface Index {
  IndexName: string
  IndexStatus?: string
}

export interface Table {
  TableName: string
  TableStatus: string
  GlobalSecondaryIndexes?: Index[]
  LocalSecondaryIndexes?: Index[]
}

export const TABLES = 'table~'
export const INDEX_KINDS = ['global', 'local'] as const
export type IndexKind = (typeof INDEX_KINDS)[number]

export const itemPrefix = (table: string) => `item-${table}~`
export const tagPrefix = (table: string) => `tag-${table}~`
export const indexPrefix = (kind: IndexKind, table: string, index: string) =>
  `index-${kind}~${table}~${index}~`

/** Every key with this prefix: what follows it is hexadecimal, digits, `/` or a table's name, all below U+00FF. */
export const rangeOf = (prefix: string): Range => ({ gte: prefix, lt: `${prefix}\xff` })

const READ_ROWS = 500
const READ_BYTES = 1024 * 1024

/** The values under a prefix in key order, at most 500 rows or about 1 MiB at a time. */
export async function* readRows(level: Level, prefix: string): AsyncGenerator<unknown[]> {
  const rows = level.values({ ...rangeOf(prefix), highWaterMarkBytes: READ_BYTES })
  try {
    for (let some = await rows.nextv(READ_ROWS); some.length > 0; some = await rows.nextv(READ_ROWS))
      yield some
  } finally {
    await rows.close()
  }
}

/** The descriptions of all tables. */
export async function readTables(level: Level): Promise<Table[]> {
  const tables: Table[] = []
  for await (const rows of readRows(level, TABLES)) tables.push(...(rows as Table[]))
  return tables
}
