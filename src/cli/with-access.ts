import { readConfig } from '../config.ts'
import type { AccessAdminStore } from '../domain/ports.ts'
import { openStorage } from '../storage.ts'

/** Does work on the keys and tenants of the configured storage, whether a server runs on it or not. */
export async function withAccess(work: (access: AccessAdminStore) => Promise<void>): Promise<void> {
  const storage = await openStorage(readConfig(process.env).storage, { attach: true })
  try {
    await work(storage.access)
  } finally {
    await storage.close()
  }
}
