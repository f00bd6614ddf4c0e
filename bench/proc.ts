import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts CPU time in ticks of 10 ms here (`getconf CLK_TCK`). */
const TICK_MS = 10

/** The processes that a thread started; none if it has ended since it was listed, as those of the JVM do. */
function childrenOf(pid: number, thread: string): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** The process and everything below it: whoever starts a worker of its own pays for it. */
function familyOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) => childrenOf(pid, thread))
  return [pid, ...children.flatMap(familyOf)]
}

/** User and system time of all threads so far, those that ended included, in ms. Linux only. */
export function cpuMs(pid: number): number {
  return familyOf(pid).reduce((sum, member) => {
    const stat = readFileSync(`/proc/${member}/stat`, 'utf8')
    // The name of the command may contain anything, so fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }, 0)
}

/** Resident memory in MiB. */
export function rssMb(pid: number): number {
  return familyOf(pid).reduce((sum, member) => {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${member}/status`, 'utf8')) ?? []
    return sum + Number(kilobytes ?? 0) / 1024
  }, 0)
}
