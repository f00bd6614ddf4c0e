import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { STORE_ID_HEADER } from './messages.ts'

const NAME = 'endpoint.json'
const ANSWER_MS = 1000

/** Where a server's store can be reached by the CLI in another process. */
export interface EndpointFile {
  endpoint: string
  pid: number | undefined
  storeId: string
}

/** Replaces the folder's `endpoint.json` in one step, so that no reader sees half of it. */
export async function writeEndpointFile(folder: string, content: EndpointFile): Promise<void> {
  const draft = join(folder, `${NAME}.${content.storeId}`)
  await writeFile(draft, `${JSON.stringify(content)}\n`, { mode: 0o600 })
  await rename(draft, join(folder, NAME))
}

export async function removeEndpointFile(folder: string): Promise<void> {
  await rm(join(folder, NAME), { force: true })
}

/** The endpoint of the store that serves this folder now; undefined where the file is absent, unreadable or stale. */
export async function findRunningStore(folder: string): Promise<string | undefined> {
  try {
    const { endpoint, storeId } = JSON.parse(await readFile(join(folder, NAME), 'utf8')) as EndpointFile
    const answer = await fetch(endpoint, { signal: AbortSignal.timeout(ANSWER_MS) })
    await answer.arrayBuffer()
    return answer.headers.get(STORE_ID_HEADER) === storeId ? endpoint : undefined
  } catch {
    return undefined
  }
}
