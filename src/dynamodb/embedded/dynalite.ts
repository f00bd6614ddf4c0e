import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { Index, Level, Table } from './layout.ts'

/** dynalite's own functions for the rows of an index, so that there is one opinion on what they look like. */
export interface IndexFunctions {
  getIndexActions(
    indexes: Index[],
    before: undefined,
    item: unknown,
    table: Table,
  ): { puts: { index: string; key: string; item: unknown }[] }
}

interface Options {
  path: string
  createTableMs: number
  updateTableMs: number
  deleteTableMs: number
}

interface DynaliteDb extends IndexFunctions {
  create: (options: Options) => { db: Level }
}

export interface Dynalite {
  server: Server
  level: Level
  indexFunctions: IndexFunctions
}

// Tables change their state within milliseconds (the answer to CreateTable still says CREATING), not after half a second.
const NO_DELAY = { createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 }

/**
 * dynalite over the LevelDB at a path, opened but not yet listening. Rejects with abstract-level's error when LevelDB
 * cannot be opened (its `cause.code` is `LEVEL_LOCKED` where another process has it), with `MODULE_NOT_FOUND` where
 * dynalite is not installed.
 */
export async function openDynalite(path: string): Promise<Dynalite> {
  const require = createRequire(import.meta.url)
  const db = require('dynalite/db') as DynaliteDb
  const dynalite = require('dynalite') as (options: Options) => Server

  // dynalite opens LevelDB in the background and hands it to nobody, yet a failure must be known before it listens, and
  // the indexes must be rebuilt under the lock that it holds: so take the database on its way.
  let level: Level | undefined
  const create = db.create
  db.create = (options) => {
    const store = create(options)
    level = store.db
    return store
  }
  const server = dynalite({ path, ...NO_DELAY })
  db.create = create

  if (!level) throw new Error('dynalite did not open its database through dynalite/db')
  await level.open()
  return { server, level, indexFunctions: db }
}
