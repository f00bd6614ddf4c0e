import { Stack } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Construct, IConstruct } from 'constructs'
import { INBOX_INDEX, STATUS_INDEX } from '../../src/dynamodb/table.ts'
import { acknowledge } from './acknowledge.ts'
import type { EventsTable } from './table.ts'

/** Neither Scan nor DeleteItem nor anything that changes the table: `grantReadWriteData` would grant all of it. */
const ITEM_ACTIONS = ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem']
/** What the command `migrate` asks about a table that CloudFormation made, or that was restored. */
const TABLE_ACTIONS = ['DescribeTable', 'DescribeTimeToLive', 'UpdateTimeToLive']

const KEY_ACTION_FAMILIES = ['kms:GenerateDataKey*', 'kms:ReEncrypt*']

const dynamodb = (actions: string[]) => actions.map((action) => `dynamodb:${action}`)

/** Only tasks of this account may take the role, so that no service can be talked into taking it for another. */
export function createTaskRole(scope: Construct, id: string): Role {
  const { account } = Stack.of(scope)
  return new Role(scope, id, {
    assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  })
}

/** Rights to the items of the table, as every request needs them. */
export function grantItems(role: Role, table: EventsTable, keyArn: string | undefined): void {
  role.addToPolicy(new PolicyStatement({ actions: dynamodb(ITEM_ACTIONS), resources: [table.arn] }))
  role.addToPolicy(
    new PolicyStatement({
      actions: dynamodb(['Query']),
      resources: [table.arn, ...[STATUS_INDEX, INBOX_INDEX].map((index) => `${table.arn}/index/${index}`)],
    }),
  )
  if (keyArn !== undefined) grantKey(role, keyArn)
}

/** Who reads or writes an encrypted table uses its key, through DynamoDB alone. */
function grantKey(role: Role, keyArn: string): void {
  const { region, urlSuffix } = Stack.of(role)
  role.addToPolicy(
    new PolicyStatement({
      actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', ...KEY_ACTION_FAMILIES],
      resources: [keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${region}.${urlSuffix}` } },
    }),
  )
  for (const family of KEY_ACTION_FAMILIES) {
    acknowledge(role, `IAM5[Action::${family}]`, 'DynamoDB asks for the family; the key is named.')
  }
}

/** What operators do to the table itself. */
export function grantMigrate(role: Role, table: EventsTable): void {
  role.addToPolicy(new PolicyStatement({ actions: dynamodb(TABLE_ACTIONS), resources: [table.arn] }))
}

/** Of a role with rights for which AWS has no resources to name. */
export function acknowledgeAnyResource(role: IConstruct): void {
  acknowledge(
    role,
    'IAM5[Resource::*]',
    'PutMetricData, X-Ray and ecr:GetAuthorizationToken know no resources.',
  )
}

/** Metrics, in one namespace alone: CloudWatch has no resources to name. */
export function grantMetrics(role: Role, namespace: string): void {
  acknowledgeAnyResource(role)
  role.addToPolicy(
    new PolicyStatement({
      actions: ['cloudwatch:PutMetricData'],
      resources: ['*'],
      conditions: { StringEquals: { 'cloudwatch:namespace': namespace } },
    }),
  )
}

/** Traces: X-Ray has no resources to name. */
export function grantTraces(role: Role): void {
  acknowledgeAnyResource(role)
  role.addToPolicy(
    new PolicyStatement({
      actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
      resources: ['*'],
    }),
  )
}
