import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Job, Sample } from './job.ts'

export interface LoadGenerator {
  run(job: Job): Promise<Sample>
  stop(): void
}

/** Starts the load generator. One job at a time. */
export function startLoadGenerator(): LoadGenerator {
  const child = fork(join(import.meta.dirname, 'generator.ts'), { serialization: 'advanced' })
  return {
    async run(job) {
      child.send(job)
      const [answer] = (await once(child, 'message')) as [{ sample?: Sample; error?: string }]
      if (!answer.sample) throw new Error(`The load generator failed: ${answer.error ?? 'no answer'}`)
      return answer.sample
    },
    stop: () => child.kill(),
  }
}
