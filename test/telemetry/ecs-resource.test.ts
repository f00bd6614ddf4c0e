import t from 'tap'
import { ecsAttributes } from '../../src/telemetry/ecs-resource.ts'
import { refusingEndpoint, startHttpSink } from '../support/http-sink.ts'

const METADATA = {
  Cluster: 'arn:aws:ecs:eu-west-1:111122223333:cluster/default',
  TaskARN: 'arn:aws:ecs:eu-west-1:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c',
  Family: 'triggers',
  Revision: '26',
  LaunchType: 'FARGATE',
  AvailabilityZone: 'eu-west-1a',
  DockerId: 'cd189a933e5849daa93386466019ab50-2495160603',
  ContainerARN: 'arn:aws:ecs:eu-west-1:111122223333:container/default/158d/0b1e',
  LogOptions: { 'awslogs-group': '/ecs/triggers' },
}

async function read(uri: string): Promise<Record<string, unknown>> {
  const entries = Object.entries<unknown>(ecsAttributes(uri))
  return Object.fromEntries(
    await Promise.all(entries.map(async ([name, value]) => [name, await value] as const)),
  )
}

t.test('the task is named as ECS knows it', async (t) => {
  const { endpoint, received } = await startHttpSink(t, JSON.stringify(METADATA), 'application/json')
  t.strictSame(await read(`${endpoint}/v4/abc`), {
    'cloud.provider': 'aws',
    'cloud.platform': 'aws_ecs',
    'cloud.region': 'eu-west-1',
    'cloud.account.id': '111122223333',
    'cloud.availability_zone': 'eu-west-1a',
    'aws.ecs.launchtype': 'fargate',
    'aws.ecs.cluster.arn': METADATA.Cluster,
    'aws.ecs.task.arn': METADATA.TaskARN,
    'aws.ecs.task.family': 'triggers',
    'aws.ecs.task.revision': '26',
    'aws.ecs.container.arn': METADATA.ContainerARN,
    'container.id': METADATA.DockerId,
    'aws.log.group.names': ['/ecs/triggers'],
  })
  t.strictSame(received.map(({ path }) => path).toSorted(), ['/v4/abc', '/v4/abc/task'])
})

t.test('without an answer the rest is told all the same', async (t) => {
  t.match(await read(await refusingEndpoint()), { 'cloud.platform': 'aws_ecs', 'cloud.region': undefined })
})
