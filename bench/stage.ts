import { startDynamoDBLocal } from '../test/support/dynamodb-local.ts'
import { claimTenantOf, openFixture, type Fixture } from './fixture.ts'
import { startLoadGenerator } from './load/generate.ts'
import type { Load, Sample } from './load/job.ts'
import { startServer, type Command, type ServerProcess } from './server-process.ts'
import { commandOf, type Variant } from './variants.ts'

/** Everything that runs while something is measured: the store, a sink for metrics and traces, servers, a load. */
export interface Stage {
  fixture: Fixture
  /** Where metrics and traces go. */
  sink: string
  storePid: number
  /** Starts a variant, with events of its own to claim. @param adapt Changes how it is started. */
  startVariant(variant: Variant, adapt?: (command: Command) => Command): Promise<ServerProcess>
  start(command: Command): Promise<ServerProcess>
  /** Puts load on a server for a while. */
  load(server: ServerProcess, load: Load, turn: Turn): Promise<Sample>
  close(): Promise<void>
}

export interface Turn {
  connections: number
  warmUpMs: number
  measuredMs: number
}

/** Events of each variant that are claimed over and over: more than are handed out while a lease runs. */
const CLAIM_EVENTS = 10_000

/** Tells how far it is, on stderr. */
export const progress = (text: string) => process.stderr.write(`${text}\n`)

export async function openStage(): Promise<Stage> {
  const store = await startDynamoDBLocal({ isForLoad: true })
  const sink = await startServer({ script: 'bench/sink.ts', environment: {} })
  const generator = startLoadGenerator()
  const fixture = await openFixture(store.endpoint, 'bench')
  const servers = [sink]
  const start = async (command: Command) => {
    const server = await startServer(command)
    servers.push(server)
    return server
  }
  return {
    fixture,
    sink: sink.url,
    storePid: store.pid,
    start,
    async startVariant(variant, adapt = (command) => command) {
      await fixture.fill(claimTenantOf(variant), CLAIM_EVENTS, 'claimed before')
      return start(adapt(commandOf(variant, fixture, sink.url)))
    },
    load: ({ url, pid }, load, turn) =>
      generator.run({ ...load, ...turn, url, server: pid, store: store.pid }),
    async close() {
      generator.stop()
      await Promise.all(servers.map((server) => server.stop()))
      await fixture.close()
      await store.stop()
    },
  }
}

/** Opens a stage, and closes it whatever happens on it. */
export async function onStage<Result>(play: (stage: Stage) => Promise<Result>): Promise<Result> {
  const stage = await openStage()
  try {
    return await play(stage)
  } finally {
    await stage.close()
  }
}
