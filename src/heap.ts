import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives back what starting took and serving does not need: a quarter of the memory of a process that has just started. V8
 * itself would keep it as room for more. Takes 40 to 80 ms in which nothing else is done.
 */
export function giveBackMemory(): void {
  // The only way to V8's own function for a process that was not started with this flag.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NodeJS.GCFunction
  setFlagsFromString('--no-expose-gc')
  collect({ type: 'major', flavor: 'last-resort' })
}
