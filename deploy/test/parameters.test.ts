import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { alarmDefinitions } from '../src/alarm-definitions.ts'
import type { Metrics } from '../src/metrics.ts'
import { readParameters, StackParameters, type Parameters } from '../src/parameters.ts'
import { SERVICE_VARIABLES } from '../src/service-variables.ts'
import { EXAMPLE, synthesize } from './support/synthesize.ts'

const MANUAL = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')

/** Takes any call: alarms are to be named here, not made. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- on purpose
const ANY_METRICS: Metrics = new Proxy({}, { get: () => () => undefined }) as Metrics

const faultsOf = (given: Record<string, unknown>) => {
  try {
    readParameters({ ...EXAMPLE, ...given })
    return []
  } catch (error) {
    return (error as Error).message.split('\n  ').slice(1)
  }
}

/** The rows of the table below a heading: the first two cells, without their back-quotes. */
function rowsBelow(heading: string): string[][] {
  const [, section = ''] = MANUAL.split(`\n${heading}\n`)
  const [table = ''] = section.split(/\n##/)
  return table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, 3)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
}

test('every fault is told at once', () => {
  const faults = faultsOf({ minTasks: 1, architecture: 'mips', domainName: undefined, unknown: 1 })
  assert.deepEqual(faults.map((fault) => fault.split(' ')[0]).toSorted(), [
    'architecture',
    'domainName',
    'minTasks',
    'unknown',
  ])
})

test('parameters that do not go together are refused', () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ cpu: 1024, memoryMiB: 1024 }, /memoryMiB must be a multiple of 1024 from 2048 to 8192/],
    [{ minTasks: 11 }, /maxTasks/],
    [{ vpcId: 'vpc-00000001' }, /two privateSubnetIds/],
    [{ privateSubnetIds: ['subnet-00000001'] }, /go with a vpcId/],
    [{ egress: 'endpoints' }, /collectorImage/],
    [{ MAX_ATTEMPTS: 0 }, /MAX_ATTEMPTS must be at least 1/],
  ]
  for (const [given, expected] of cases) assert.match(faultsOf(given).join('\n'), expected)
})

test('what the command line says is taken as text', () => {
  const { minTasks, tracing } = readParameters({ ...EXAMPLE, minTasks: '3', tracing: 'false' })
  assert.deepEqual([minTasks, tracing], [3, false])
})

test('what the stack decides itself is no parameter', () => {
  for (const name of ['CURSOR_SECRET', 'DYNAMODB_TABLE', 'PORT', 'METRICS_NAMESPACE']) {
    assert.match(faultsOf({ [name]: '1' }).join('\n'), new RegExp(`${name} is not known here`))
  }
  assert.ok('RETENTION_DAYS' in SERVICE_VARIABLES)
})

test('the manual has every parameter with its default', () => {
  const defaults = Object.entries(StackParameters.properties).map(([name, schema]) => {
    const { default: value } = schema as { default?: unknown }
    return [name, value === undefined ? '' : [value as string].flat().join(', ')]
  })
  assert.deepEqual(rowsBelow('### Parameters'), defaults)
})

test('the manual says what to do about every alarm', () => {
  const names = Object.keys(alarmDefinitions(ANY_METRICS, {} as Parameters))
  assert.deepEqual(
    rowsBelow('## Alarms').map(([name]) => name),
    names,
  )
})

test('the manual names every output', () => {
  for (const name of Object.keys(synthesize().Outputs)) assert.ok(MANUAL.includes(`\`${name}\``), name)
})
