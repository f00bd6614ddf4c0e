import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

// V8 lets the heap grow fourfold before it collects, as far as the machine has memory. The service keeps 40 MB: with this
// it takes a third less, for no more CPU (bench/RESULTS.md).
setFlagsFromString('--heap-growing-percent=50')

// What the types were stripped from and compiled is kept for the next start, which then takes half of the CPU and a
// fifth less memory. Where nothing can be written, nothing is kept.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'))

// Only what is imported from here on comes from the cache.
const { startService } = await import('./service.ts')
await startService()
