import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { Environment, readConfig } from '../../src/config.ts'
import { containerOf, environmentOf, type TaskDefinition } from './support/service.ts'
import { only, resourcesOf, synthesize } from './support/synthesize.ts'

const template = synthesize()
const api = containerOf(template, 'Task', 'api')
const collector = containerOf(template, 'Task', 'collector')
const admin = containerOf(template, 'AdminTask', 'admin')
const config = readConfig(environmentOf(api))
const ours = new URL('../../', import.meta.url)

test('the service accepts the environment that its tasks get', () => {
  for (const container of [api, admin]) {
    for (const { Name } of container.Environment) {
      if (Name !== 'NODE_OPTIONS') assert.ok(Name in Environment.properties, `${Name} is known`)
    }
    const { isProduction, storage, host } = readConfig(environmentOf(container))
    assert.ok(isProduction)
    assert.equal(host, '0.0.0.0')
    assert.deepEqual(storage, {
      kind: 'dynamodb',
      table: 'filled-in',
      endpoint: undefined,
      region: 'filled-in',
    })
  }
  assert.equal(config.observability.metrics.sink, 'cloudwatch')
})

test('the secret comes from Secrets Manager, and no variable looks like one', () => {
  for (const { Secrets = [], Environment: variables } of [api, admin]) {
    assert.deepEqual(
      Secrets.map(({ Name }) => Name),
      ['CURSOR_SECRET'],
    )
    assert.doesNotMatch(variables.map(({ Name }) => Name).join(' '), /secret|password|token/i)
  }
  const { GenerateSecretString } = only<{ GenerateSecretString: Record<string, unknown> }>(
    template,
    'AWS::SecretsManager::Secret',
  )
  // No comma, which would make two of it.
  assert.deepEqual(GenerateSecretString, { PasswordLength: 48, ExcludePunctuation: true })
})

test("variables of the service are parameters by the same name; what is not given is the service's default", () => {
  assert.equal(config.maxAttempts, readConfig({}).maxAttempts)
  const other = environmentOf(containerOf(synthesize({ MAX_ATTEMPTS: 5, LOG_LEVEL: 'warn' }), 'Task', 'api'))
  assert.equal(readConfig(other).maxAttempts, 5)
  assert.equal(readConfig(other).logLevel, 'warn')
})

test('a task is given more time to stop than it takes', () => {
  // src/observability.ts: three seconds; src/server.ts: a second for the last lines of the log.
  const { settleMs, timeoutMs } = config.shutdown
  const stopMs = Number(api['StopTimeout']) * 1000
  assert.ok(stopMs > settleMs + timeoutMs + 3_000 + 1_000)
  assert.ok(stopMs <= 120_000, 'Fargate takes no more')
})

test('no container runs as root, writes or has powers that it does not need', () => {
  for (const container of [api, admin]) {
    assert.equal(container['User'], '1000:1000')
    assert.deepEqual(container['LinuxParameters'], {
      Capabilities: { Drop: ['ALL'] },
      InitProcessEnabled: true,
    })
  }
  for (const container of [api, admin, collector]) assert.equal(container['ReadonlyRootFilesystem'], true)
  assert.deepEqual(api['Ulimits'], [{ Name: 'nofile', SoftLimit: 65_535, HardLimit: 65_535 }])
})

test('containers and heap fit into the memory of the task', () => {
  for (const given of [{}, { cpu: 256, memoryMiB: 1024 }, { cpu: 2048, memoryMiB: 8192, tracing: false }]) {
    const other = synthesize(given)
    const { Memory, ContainerDefinitions } = only<TaskDefinition>(other, 'AWS::ECS::TaskDefinition', 'Task')
    const limits = ContainerDefinitions.map((container) => Number(container['Memory']))
    assert.equal(
      limits.reduce((sum, limit) => sum + limit),
      Number(Memory),
    )
    const { NODE_OPTIONS = '' } = environmentOf(containerOf(other, 'Task', 'api'))
    const heap = Number(/^--max-old-space-size=(\d+)$/.exec(NODE_OPTIONS)?.[1])
    assert.ok(heap > 0.6 * Number(limits[0]) && heap < 0.8 * Number(limits[0]))
  }
})

test('the health checks are commands that the images have', () => {
  const { Command: check = [] } = api.HealthCheck ?? {}
  assert.deepEqual(check.slice(0, 2), ['CMD', 'node'])
  assert.ok(existsSync(new URL(check[2] ?? '', ours)))
  const dockerfile = readFileSync(new URL('Dockerfile', ours), 'utf8')
  assert.ok(dockerfile.includes(JSON.stringify(check.slice(1)).replaceAll('","', '", "')))
  assert.deepEqual(collector.HealthCheck?.Command, ['CMD', '/healthcheck'])
  assert.ok(existsSync(new URL(admin.Command?.[1] ?? '', ours)))
})

test('the collector listens where the service sends its traces, and may die', () => {
  const { AOT_CONFIG_CONTENT = '' } = environmentOf(collector)
  const file = readFileSync(new URL('deploy/collector/production.yaml', ours), 'utf8')
  assert.equal(AOT_CONFIG_CONTENT, file)
  const { receivers } = parse(file) as { receivers: { otlp: { protocols: { http: { endpoint: string } } } } }
  const { endpoint } = config.observability.tracing ?? {}
  assert.equal(endpoint, `http://${receivers.otlp.protocols.http.endpoint}`)
  assert.equal(collector['Essential'], false)
  assert.equal(resourcesOf(synthesize({ tracing: false }), 'AWS::ECS::TaskDefinition').length, 2)
})

test('architecture and image are those of the parameters', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  const other = synthesize({ architecture: 'x86_64', imageTag: digest, repository: 'mine' })
  const { RuntimePlatform } = only<TaskDefinition>(other, 'AWS::ECS::TaskDefinition', 'Task')
  assert.equal(RuntimePlatform.CpuArchitecture, 'X86_64')
  assert.match(JSON.stringify(containerOf(other, 'Task', 'api').Image), new RegExp(`mine@${digest}`))
  assert.match(JSON.stringify(api.Image), /triggers-api:1\.0\.0/)
})

test('a new key is forgotten by the log within a day', () => {
  const log = only(template, 'AWS::Logs::LogGroup', 'AdminTask')
  assert.equal(log['RetentionInDays'], 1)
})
