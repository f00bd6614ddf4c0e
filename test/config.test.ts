import { readFile } from 'node:fs/promises'
import t from 'tap'
import { ConfigError, Environment, readConfig } from '../src/config.ts'

const faultsOf = (variables: Record<string, string>) => {
  try {
    readConfig(variables)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n  ').slice(1)
  }
}
const secret = 's'.repeat(32)
const production = { NODE_ENV: 'production', CURSOR_SECRET: secret, DYNAMODB_TABLE: 'events' }

t.test('an empty environment is a first run', async (t) => {
  t.match(readConfig({}), {
    isProduction: false,
    host: '127.0.0.1',
    port: 3000,
    logLevel: 'info',
    storage: { kind: 'embedded', folder: '.data', table: 'triggers' },
    idempotencyWindowSeconds: 86_400,
    retentionSeconds: 2_592_000,
    deadlineMs: 2_500,
    limits: { maxInFlight: 128, maxInFlightPerTenant: 64, maxLoopDelayMs: 200, requestsPerSecond: 10_000 },
    keyLookupsPerSecond: 200,
    shutdown: { settleMs: 500, timeoutMs: 20_000 },
  })
})

t.test('an endpoint means DynamoDB Local, a table alone means AWS', async (t) => {
  const local = { kind: 'dynamodb', table: 'triggers', endpoint: 'http://127.0.0.1:8000', region: 'local' }
  t.strictSame(readConfig({ DYNAMODB_ENDPOINT: 'http://127.0.0.1:8000' }).storage, local)
  const aws = { kind: 'dynamodb', table: 'events', endpoint: undefined, region: 'eu-west-1' }
  t.strictSame(readConfig({ ...production, AWS_REGION: 'eu-west-1' }).storage, aws)
  t.equal(readConfig(production).shutdown.settleMs, 5_000)
})

t.test('a rate limit of 0 is none', async (t) => {
  t.equal(readConfig({ RATE_LIMIT_PER_SECOND: '0' }).limits.requestsPerSecond, Infinity)
})

t.test('an empty variable is one that is not set', async (t) => {
  t.equal(readConfig({ PORT: '', DYNAMODB_TABLE: '' }).storage.kind, 'embedded')
})

t.test('two secrets are taken, the first one signs', async (t) => {
  t.strictSame(readConfig({ CURSOR_SECRET: `${secret}1, ${secret}2` }).cursorSecrets, [
    `${secret}1`,
    `${secret}2`,
  ])
})

t.test('every fault is told at once', async (t) => {
  t.strictSame(
    faultsOf({
      PORT: '70000',
      LOG_LEVEL: 'loud',
      DYNAMODB_ENDPOINT: 'localhost',
      CURSOR_SECRET: 'a,b,c',
      RETENTION_DAYS: '1',
    }),
    [
      'PORT must be at most 65535',
      'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent',
      'DYNAMODB_ENDPOINT must match ^https?://[^/]+/?$',
      'CURSOR_SECRET takes at most two secrets: the new one and the old one',
      'CURSOR_SECRET must have at least 32 characters',
      'RETENTION_DAYS must be at least IDEMPOTENCY_WINDOW_SECONDS plus a day: else a late retry could bring an expired event back',
    ],
  )
  t.strictSame(faultsOf({ NODE_ENV: 'production' }), [
    'CURSOR_SECRET is required in production',
    'DYNAMODB_TABLE is required in production: the embedded store is for development alone',
  ])
  t.match(readConfig(production), { isProduction: true })
})

t.test('the example and the README tell of every variable, and of no other', async (t) => {
  const names = Object.keys(Environment.properties).toSorted()
  const example = await readFile(new URL('../.env.example', import.meta.url), 'utf8')
  t.strictSame([...example.matchAll(/^([A-Z0-9_]+)=/gm)].map((match) => match[1]).toSorted(), names)
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  t.strictSame([...readme.matchAll(/^\| `([A-Z0-9_]+)` +\|/gm)].map((match) => match[1]).toSorted(), names)
})
