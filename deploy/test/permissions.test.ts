import assert from 'node:assert/strict'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { createClient, createDynamoDB } from '../../src/dynamodb/client.ts'
import { only, synthesize } from './support/synthesize.ts'

const SRC = join(import.meta.dirname, '../../src')

/** The SDK's commands that a source constructs: what it can send through the SDK. The prefix of the actions is that of the client. */
function commandsOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest)
  const clients = new Map<string, string>()
  const commands: string[] = []
  function visit(node: ts.Node): void {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const [, client] = /^@aws-sdk\/client-(.*)$/.exec(node.moduleSpecifier.text) ?? []
      const { namedBindings } = node.importClause ?? {}
      if (client !== undefined && namedBindings && ts.isNamedImports(namedBindings)) {
        for (const { name } of namedBindings.elements) clients.set(name.text, client)
      }
    }
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression)) {
      const client = clients.get(node.expression.text)
      const [, action] = /^(\w+)Command$/.exec(node.expression.text) ?? []
      if (client !== undefined && action !== undefined) commands.push(`${client}:${action}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return commands
}

/** Every source that can send something, and what. */
const SENDERS = new Map(
  globSync('**/*.ts', { cwd: SRC })
    .map((file): [string, string[]] => [file, commandsOf(file)])
    .filter(([, commands]) => commands.length > 0),
)

/** Who imports a source, types aside. */
function importersOf(file: string): string[] {
  const name = file.replace(/^dynamodb\//, '')
  return globSync('**/*.ts', { cwd: SRC }).filter((importer) =>
    new RegExp(`^import (?!type ).*'[^']*/${name}'`, 'm').test(readFileSync(join(SRC, importer), 'utf8')),
  )
}

type Call = (input: object, signal: AbortSignal) => Promise<unknown>

/** The calls that requests make, as they are on the wire: each is made once, to a server that writes them down. */
async function hotCalls(): Promise<string[]> {
  const targets: string[] = []
  const server = createServer((request, response) => {
    targets.push(String(request.headers['x-amz-target']))
    response.setHeader('content-type', 'application/x-amz-json-1.0')
    response.end('{"Responses":{}}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const dynamodb = createDynamoDB(createClient({ endpoint, region: 'local' }))
  const input = { TableName: 'table', Key: {}, Item: {}, RequestItems: {} }
  for (const [name, call] of Object.entries(dynamodb) as [string, Call][]) {
    if (name !== 'close') await call(input, new AbortController().signal)
  }
  await dynamodb.close()
  server.close()
  return targets.map((target) => target.replace(/^DynamoDB_\d+\./, 'dynamodb:'))
}

interface Statement {
  Action: string | string[]
  Resource: unknown
  Condition?: unknown
}

function statementsOf(policy: string, given = {}): Statement[] {
  return only<{ PolicyDocument: { Statement: Statement[] } }>(synthesize(given), 'AWS::IAM::Policy', policy)
    .PolicyDocument.Statement
}

const actionsOf = (statements: Statement[]) => statements.flatMap(({ Action }) => Action).toSorted()

const MIGRATE = 'dynamodb/migrate.ts'
const COLLECTOR = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments']
const of = (file: string) => SENDERS.get(file) ?? []

test('all that sends anything is known here', () => {
  assert.deepEqual([...SENDERS.keys()].toSorted(), [MIGRATE, 'metrics/cloudwatch-sink.ts'])
  // Whatever else goes to the table goes through the calls of client.ts.
  assert.deepEqual(importersOf('wire/wire-client.ts'), ['dynamodb/client.ts'])
  // The server migrates nothing but the embedded store, which production refuses.
  assert.deepEqual(importersOf(MIGRATE).toSorted(), ['cli/migrate.ts', 'storage.ts'])
  const storage = readFileSync(join(SRC, 'storage.ts'), 'utf8')
  assert.ok(storage.indexOf('await migrate(') > storage.indexOf('openEmbeddedStore({'))
})

test('a task may do what the service sends, and nothing else', async () => {
  const sent = [...(await hotCalls()), ...of('metrics/cloudwatch-sink.ts'), ...COLLECTOR]
  assert.deepEqual(actionsOf(statementsOf('TaskRole')), sent.toSorted())
  assert.deepEqual(
    actionsOf(statementsOf('TaskRole', { tracing: false })),
    sent.filter((action) => !COLLECTOR.includes(action)).toSorted(),
  )
})

test('the commands of operators may do what they send, but make no table', async () => {
  const sent = [...(await hotCalls()), ...of(MIGRATE)].filter((action) => action !== 'dynamodb:CreateTable')
  assert.ok(of(MIGRATE).includes('dynamodb:CreateTable'))
  assert.deepEqual(actionsOf(statementsOf('AdminRole')), sent.toSorted())
})

test('on this table and its indexes alone, by name', () => {
  for (const role of ['TaskRole', 'AdminRole']) {
    for (const { Action, Resource } of statementsOf(role)) {
      const actions = [Action].flat()
      if (!actions.every((action) => action.startsWith('dynamodb:'))) continue
      const resources = [Resource].flat().map((resource) => JSON.stringify(resource))
      for (const resource of resources) {
        assert.match(resource, /:table\/",\{"Ref":"Table\w+"\}(,"\/index\/(StatusIndex|InboxIndex)")?\]\]\}$/)
      }
      assert.equal(resources.length, actions.includes('dynamodb:Query') ? 3 : 1)
    }
  }
})

test('metrics go to the namespace of the stack alone', () => {
  const statement = statementsOf('TaskRole').find(({ Action }) => Action === 'cloudwatch:PutMetricData')
  assert.deepEqual(statement?.Condition, { StringEquals: { 'cloudwatch:namespace': 'TriggersAPI' } })
  const other = statementsOf('TaskRole', { stackName: 'staging' })
  assert.match(JSON.stringify(other), /"cloudwatch:namespace":"TriggersAPI\/staging"/)
})

test('nothing else has a wildcard but what AWS has no name for', () => {
  const anything = statementsOf('TaskRole').filter(({ Resource }) => JSON.stringify(Resource).includes('*'))
  assert.deepEqual(actionsOf(anything), ['cloudwatch:PutMetricData', ...COLLECTOR])
})
