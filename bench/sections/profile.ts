import type { Profiler } from 'node:inspector'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Endpoint, Setting } from '../endpoints.ts'
import { cpuUsOf } from '../load/job.ts'
import type { BenchOptions } from '../options.ts'
import { GROUP_NAMES, LEGEND, sharesOf } from '../profile-groups.ts'
import { openSetting, takeTurn } from '../rounds.ts'
import type { ServerProcess } from '../server-process.ts'
import { onStage, progress, type Stage } from '../stage.ts'
import type { Variant } from '../variants.ts'
import { toTable, whole, type Section } from './section.ts'

const PROFILED = ['floor', 'ours'] as const satisfies Variant[]
const PROFILER = join(import.meta.dirname, '../load/profiler.ts')
/** Code is compiled as it will be after some thousand requests. */
const WARM_UP_MS = 6_000

const HEAD = ['endpoint', 'variant', 'CPU µs', ...GROUP_NAMES]

/** CPU of a request in µs, and which part of it each group has. */
interface Profiled {
  endpoint: string
  variant: Variant
  cpuUs: number
  shares: Map<string, number>
}

interface Subject {
  variant: Variant
  server: ServerProcess
  /** Where its profiler writes to. */
  file: string
}

async function startProfiled(stage: Stage, variant: Variant, folder: string): Promise<Subject> {
  const file = join(folder, `${variant}.cpuprofile`)
  const server = await stage.startVariant(variant, ({ nodeArguments = [], environment, ...command }) => ({
    ...command,
    nodeArguments: [...nodeArguments, '--import', PROFILER],
    environment: { ...environment, PROFILE_FILE: file },
  }))
  return { variant, server, file }
}

async function readProfile({ server, file }: Subject): Promise<Profiler.Profile> {
  process.kill(server.pid, 'SIGUSR2')
  while (!existsSync(file)) await delay(20)
  const profile = JSON.parse(await readFile(file, 'utf8')) as Profiler.Profile
  await rm(file)
  return profile
}

async function profile(
  stage: Stage,
  setting: Setting,
  endpoint: Endpoint,
  subject: Subject,
  { connections, seconds }: BenchOptions,
): Promise<Profiled> {
  const { variant, server } = subject
  const turn = { connections, warmUpMs: 0 }
  await takeTurn(stage, setting, { endpoint, variant, server }, { ...turn, measuredMs: WARM_UP_MS })
  process.kill(server.pid, 'SIGUSR2')
  const measured = { ...turn, measuredMs: 1000 * seconds }
  const sample = await takeTurn(stage, setting, { endpoint, variant, server }, measured)
  const shares = sharesOf(await readProfile(subject))
  progress(`profile: ${endpoint.title}, ${variant}`)
  return { endpoint: endpoint.title, variant, cpuUs: cpuUsOf(sample), shares }
}

/** Into what the time of a request goes, beside the floor. */
export async function measureProfile(options: BenchOptions): Promise<Section> {
  const folder = await mkdtemp(join(tmpdir(), 'triggers-bench-'))
  const profiles = await onStage(async (stage) => {
    const setting = await openSetting(stage)
    const subjects: Subject[] = []
    for (const variant of PROFILED) subjects.push(await startProfiled(stage, variant, folder))
    const all: Profiled[] = []
    for (const endpoint of options.endpoints) {
      for (const subject of subjects) {
        if (!endpoint.isAnsweredBy(subject.variant)) continue
        all.push(await profile(stage, setting, endpoint, subject, options))
      }
    }
    return all
  })
  await rm(folder, { recursive: true })
  const rows = profiles.map(({ endpoint, variant, cpuUs, shares }) => [
    endpoint,
    variant,
    whole(cpuUs),
    ...GROUP_NAMES.map((group) => `${(100 * (shares.get(group) ?? 0)).toFixed(1)} %`),
  ])
  return {
    title: 'Where the time goes',
    text:
      'The part of the main thread’s busy time, by whose code it is in, as V8’s profiler saw it at ' +
      `${options.connections} connections; CPU is with the profiler on. ${LEGEND}\n\n${toTable(HEAD, rows)}`,
    data: profiles.map((one) => ({ ...one, shares: Object.fromEntries(one.shares) })),
  }
}
