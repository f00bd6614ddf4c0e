import { setTimeout } from 'node:timers/promises'
import type { Load } from '../load/job.ts'
import { cpuMs, rssMb } from '../proc.ts'
import { onStage } from '../stage.ts'
import { toTable, type Section } from './section.ts'

const POLLS = [100, 500]
const WAIT_SECONDS = 20
const WARM_UP_MS = 6_000
const MEASURED_MS = 8_000

/** What nothing costs. */
async function watchIdle(server: number, store: number) {
  await setTimeout(WARM_UP_MS)
  const before = [cpuMs(server), cpuMs(store)] as const
  await setTimeout(MEASURED_MS)
  const seconds = MEASURED_MS / 1000
  return {
    cpuMs: (cpuMs(server) - before[0]) / seconds,
    storeCpuMs: (cpuMs(store) - before[1]) / seconds,
    rssMb: rssMb(server),
  }
}

/** What consumers cost that wait for events which do not come. */
export async function measureLongPolls(): Promise<Section> {
  const rows = await onStage(async (stage) => {
    const server = await stage.startVariant('ours')
    const load: Load = {
      method: 'POST',
      paths: ['/inbox/claim'],
      headers: {
        authorization: `Bearer ${stage.fixture.keys['waits'] ?? ''}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ limit: 10, wait_seconds: WAIT_SECONDS }),
      expectedStatus: 200,
    }
    const turn = { warmUpMs: WARM_UP_MS, measuredMs: MEASURED_MS }
    const measured = [{ polls: 0, ...(await watchIdle(server.pid, stage.storePid)) }]
    for (const polls of POLLS) {
      const sample = await stage.load(server, load, { ...turn, connections: polls })
      const { serverCpuMs, storeCpuMs, rssMb, seconds } = sample
      measured.push({ polls, cpuMs: serverCpuMs / seconds, storeCpuMs: storeCpuMs / seconds, rssMb })
    }
    return measured
  })
  const cells = rows.map(({ polls, cpuMs, storeCpuMs, rssMb }) => [
    String(polls),
    cpuMs.toFixed(1),
    storeCpuMs.toFixed(1),
    rssMb.toFixed(0),
  ])
  return {
    title: 'Long polls that wait',
    text:
      `Consumers of one tenant that wait for ${WAIT_SECONDS} s each while nothing comes.\n\n` +
      toTable(['polls', 'CPU ms per second', 'store CPU ms per second', 'RSS MiB'], cells),
    data: rows,
  }
}
