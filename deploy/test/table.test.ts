import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableDefinition, TTL_ATTRIBUTE } from '../../src/dynamodb/table.ts'
import { only, resourcesOf, synthesize } from './support/synthesize.ts'

const TABLE = 'AWS::DynamoDB::Table'
const template = synthesize()

/** The same without what is said of insights, which no definition of the service knows. */
function withoutInsights(properties: Record<string, unknown>): Record<string, unknown> {
  const { ContributorInsightsSpecification: insights, ...rest } = properties
  assert.deepEqual(insights, { Enabled: true, Mode: 'THROTTLED_KEYS' })
  return rest
}

test('the table is the definition of the service, and nothing of it is lost', () => {
  const { TableName, ...definition } = tableDefinition('any')
  assert.equal(TableName, 'any')
  const properties = withoutInsights(only(template, TABLE))
  const indexes = properties['GlobalSecondaryIndexes'] as Record<string, unknown>[]
  const found = { ...properties, GlobalSecondaryIndexes: indexes.map(withoutInsights) }
  assert.deepEqual(found, {
    ...definition,
    TimeToLiveSpecification: { AttributeName: TTL_ATTRIBUTE, Enabled: true },
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
    DeletionProtectionEnabled: true,
  })
})

test('it outlives the stack', () => {
  const [[, table] = []] = resourcesOf(template, TABLE)
  assert.equal(table?.DeletionPolicy, 'Retain')
  assert.equal(table.UpdateReplacePolicy, 'Retain')
})

test('a key of the operators encrypts it, and the tasks may use that key', () => {
  const tableKeyArn = 'arn:aws:kms:eu-central-1:123456789012:key/0'
  const keyed = synthesize({ tableKeyArn })
  assert.deepEqual(only(keyed, TABLE)['SSESpecification'], {
    SSEEnabled: true,
    SSEType: 'KMS',
    KMSMasterKeyId: tableKeyArn,
  })
  for (const role of ['TaskRole', 'AdminRole']) {
    const text = JSON.stringify(only(keyed, 'AWS::IAM::Policy', role))
    assert.match(text, /kms:Decrypt/)
    assert.ok(text.includes(tableKeyArn))
  }
})

test('a restored table takes its place in everything, and it stays', () => {
  const restored = synthesize({ restoredTable: 'restored' })
  assert.equal(resourcesOf(restored, TABLE).length, 1)
  const { Resources, Outputs } = restored
  const [[id] = ['']] = resourcesOf(restored, TABLE)
  assert.ok(!JSON.stringify([Resources, Outputs]).includes(`{"Ref":"${id}"}`))
  assert.equal(Outputs['TableName']?.Value, 'restored')
})
