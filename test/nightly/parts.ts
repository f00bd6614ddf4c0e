/** One thing that the nightly run does at its large size: a command, bounded in time. */
export interface Part {
  name: string
  what: string
  /** How long it takes at full size, about. */
  minutes: number
  command: (minutes: number) => readonly [string, ...string[]]
  /** The environment that makes it as large as these minutes allow. */
  size?: (minutes: number, seed: number) => Record<string, string | number>
}

const inSeconds = (minutes: number) => Math.ceil(minutes * 60)
/** So many of something as fit into these minutes; at least one. */
const perMinute = (count: number, minutes: number) => Math.max(1, Math.round(count * minutes))

/** Runs one test file without the limits of `npm test`. */
function testFile(file: string): Part['command'] {
  return () => ['node', 'test/support/run.ts', file, '--timeout=86400', '--disable-coverage']
}

/** What runs every night, in this order. To add a part, add a row. */
export const PARTS: readonly Part[] = [
  {
    name: 'faults',
    what: 'five processes in a storm of faults; histories are checked',
    minutes: 10,
    command: testFile('test/process/faults.test.ts'),
    size: (minutes, seed) => ({
      FAULTS_SECONDS: inSeconds(minutes),
      FAULTS_PAUSE_MS: 100,
      FAULTS_SEED: seed,
    }),
  },
  {
    name: 'histories',
    what: 'tasks whose clocks differ, and the controls of the history check',
    minutes: 3,
    command: testFile('test/process/queue-history.test.ts'),
    size: (minutes) => ({ HISTORY_SECONDS: inSeconds(minutes) }),
  },
  {
    name: 'kills',
    what: 'kill -9 of the service and of the embedded store under load',
    minutes: 8,
    command: testFile('test/process/kill.test.ts'),
    size: (minutes) => ({ KILLS: perMinute(12.5, minutes) }),
  },
  {
    name: 'store-kills',
    what: 'kill -9 of DynamoDB Local on its data under load',
    minutes: 4,
    command: testFile('test/process/store-restart.test.ts'),
    size: (minutes) => ({ STORE_KILLS: perMinute(5, minutes) }),
  },
  {
    name: 'outages',
    what: 'the store refuses, hangs, stalls or throttles while clients go on asking',
    minutes: 2,
    command: testFile('test/process/outage.test.ts'),
    size: (minutes) => ({ OUTAGE_SECONDS: perMinute(5, minutes) }),
  },
  {
    name: 'shutdown',
    what: 'SIGTERM under load, again and again',
    minutes: 3,
    command: testFile('test/process/shutdown.test.ts'),
    size: (minutes) => ({ SHUTDOWN_ROUNDS: perMinute(17, minutes) }),
  },
  {
    name: 'races',
    what: 'one key from 50 clients over three processes; acknowledgements against claims; lists under writes',
    minutes: 6,
    command: testFile('test/process/races.test.ts'),
    size: (minutes) => ({
      SAME_KEY_ROUNDS: perMinute(83, minutes),
      RACE_ROUNDS: perMinute(833, minutes),
      LIST_SECONDS: inSeconds(minutes / 6),
    }),
  },
  {
    name: 'lost-answers',
    what: 'every write of every verb meets every fault',
    minutes: 1,
    command: testFile('test/process/lost-answers.test.ts'),
  },
  {
    name: 'model',
    what: 'random sequences of every verb against the model',
    minutes: 12,
    command: testFile('test/model/queue-model.test.ts'),
    // Six properties, one after the other; what is left is for the shrinking of a failure.
    size: (minutes, seed) => ({
      MODEL_RUNS: 1_000_000,
      MODEL_SECONDS: inSeconds(minutes / 8),
      MODEL_SEED: seed,
    }),
  },
  {
    name: 'contention',
    what: 'how often 50 consumers get in each other’s way',
    minutes: 5,
    command: (minutes) => ['node', 'bench/contention.ts', '--rounds', String(perMinute(0.5, minutes))],
  },
  {
    name: 'simulation',
    what: 'the domain and its storage in a deterministic world, seed after seed',
    minutes: 25,
    command: (minutes) => ['node', 'test/simulation/main.ts', '--seeds', String(perMinute(4_000, minutes))],
  },
  {
    name: 'controls',
    what: 'what the simulation must notice',
    minutes: 1,
    command: () => ['node', 'test/simulation/main.ts', '--controls'],
  },
  {
    name: 'fuzz',
    what: 'requests made from the OpenAPI document: allowed, not allowed, damaged',
    minutes: 10,
    command: testFile('test/hostile/fuzz.test.ts'),
    size: (minutes, seed) => ({ FUZZ_RUNS: perMinute(5_000, minutes), FUZZ_SEED: seed }),
  },
  {
    name: 'wire',
    what: 'the wire client and the SDK, side by side',
    minutes: 2,
    command: testFile('test/dynamodb/wire/sdk-oracle.test.ts'),
    size: (minutes) => ({ WIRE_RUNS: perMinute(100, minutes) }),
  },
  {
    name: 'overload',
    what: 'ten times the load, and a tenant beside one that floods',
    minutes: 4,
    command: () => ['node', 'bench/overload.ts'],
  },
]
