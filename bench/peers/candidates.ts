/** Others who wait for the same reading may leave too little of it. */
const MAX_TRIES = 50
/** Older rows were perhaps taken by another process; the service gives them as long. */
const MAX_AGE_MS = 250

/**
 * Hands each consumer of this process other rows of the inbox index. Consumers that each went for the oldest events
 * would lose nearly all of their writes to one another: nothing would be left to compare.
 *
 * @param read Reads the oldest index rows of a tenant, as their sort keys.
 */
export function createCandidates(read: (tenant: string) => Promise<string[]>) {
  const waiting = new Map<string, { rows: string[]; readAt: number }>()
  const reading = new Map<string, Promise<void>>()
  /** What a reading may still show at its old place. */
  const taken = new Set<string>()
  let done: string[] = []

  async function fill(tenant: string): Promise<void> {
    // Gone before this reading began, so that neither it nor a later one shows them.
    const gone = done
    done = []
    const readAt = Date.now()
    const rows = await read(tenant)
    waiting.set(tenant, { rows: rows.filter((row) => !taken.has(row)), readAt })
    for (const row of gone) taken.delete(row)
    reading.delete(tenant)
  }

  return {
    async take(tenant: string, count: number): Promise<string[]> {
      let known = waiting.get(tenant)
      if (known && known.readAt < Date.now() - MAX_AGE_MS) known = undefined
      for (let tries = 0; !known || known.rows.length < count; tries++) {
        if (tries === MAX_TRIES) throw new Error('There is too little to claim')
        if (!reading.has(tenant)) reading.set(tenant, fill(tenant))
        await reading.get(tenant)
        known = waiting.get(tenant)
      }
      const mine = known.rows.splice(0, count)
      for (const row of mine) taken.add(row)
      return mine
    },
    /** The row has moved. */
    done: (row: string) => {
      done.push(row)
    },
  }
}
