import { CfnDeletionPolicy, Stack } from 'aws-cdk-lib'
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb'
import { Construct } from 'constructs'
import { tableDefinition, TTL_ATTRIBUTE } from '../../src/dynamodb/table.ts'

interface TableProps {
  /** A table that was restored from a backup and now takes the place of the stack's own, which stays. */
  restoredTable: string | undefined
  /** Undefined: the key that DynamoDB owns, which costs nothing and cannot be lost. */
  keyArn: string | undefined
}

/** Nobody pays for insights until keys are throttled; then they name the tenant and the shard. */
const THROTTLED_KEYS = { enabled: true, mode: 'THROTTLED_KEYS' }
const RECOVERY_DAYS = 35

type Definition = ReturnType<typeof tableDefinition>

const toKeySchema = (schema: Definition['KeySchema']) =>
  schema.map(({ AttributeName, KeyType }) => ({ attributeName: AttributeName, keyType: KeyType }))

function toIndex({ IndexName, KeySchema, Projection }: Definition['GlobalSecondaryIndexes'][number]) {
  return {
    indexName: IndexName,
    keySchema: toKeySchema(KeySchema),
    projection: {
      projectionType: Projection.ProjectionType,
      nonKeyAttributes: Projection.NonKeyAttributes,
    },
    contributorInsightsSpecification: THROTTLED_KEYS,
  }
}

/** The only state there is. It outlives the stack: who wants it gone deletes it by hand, twice. */
export class EventsTable extends Construct {
  readonly name: string
  readonly arn: string

  constructor(scope: Construct, { restoredTable, keyArn }: TableProps) {
    super(scope, 'Table')
    const definition = tableDefinition('named by CloudFormation')
    const table = new CfnTable(this, 'Resource', {
      billingMode: definition.BillingMode,
      attributeDefinitions: definition.AttributeDefinitions.map(({ AttributeName, AttributeType }) => ({
        attributeName: AttributeName,
        attributeType: AttributeType,
      })),
      keySchema: toKeySchema(definition.KeySchema),
      globalSecondaryIndexes: definition.GlobalSecondaryIndexes.map(toIndex),
      timeToLiveSpecification: { attributeName: TTL_ATTRIBUTE, enabled: true },
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: RECOVERY_DAYS,
      },
      deletionProtectionEnabled: true,
      contributorInsightsSpecification: THROTTLED_KEYS,
      ...(keyArn === undefined
        ? {}
        : { sseSpecification: { sseEnabled: true, sseType: 'KMS', kmsMasterKeyId: keyArn } }),
    })
    table.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN
    table.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN

    this.name = restoredTable ?? table.ref
    this.arn = Stack.of(this).formatArn({ service: 'dynamodb', resource: 'table', resourceName: this.name })
  }
}
