interface TaskMetadata {
  Cluster?: string
  TaskARN?: string
  Family?: string
  Revision?: string
  LaunchType?: string
  AvailabilityZone?: string
}
interface ContainerMetadata {
  DockerId?: string
  ContainerARN?: string
  LogOptions?: { 'awslogs-group'?: string; 'awslogs-stream'?: string }
}

type Attributes = Record<string, string | string[] | undefined>

const TIMEOUT_MS = 1_000

async function read<Answer extends object>(url: string): Promise<Partial<Answer>> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return (await response.json()) as Answer
  } catch {
    // A trace without the name of its task is worth more than none.
    return {}
  }
}

async function readAttributes(uri: string): Promise<Attributes> {
  const [task, container] = await Promise.all([
    read<TaskMetadata>(`${uri}/task`),
    read<ContainerMetadata>(uri),
  ])
  const [, , , region, account] = task.TaskARN?.split(':') ?? []
  const group = container.LogOptions?.['awslogs-group']
  return {
    'cloud.region': region,
    'cloud.account.id': account,
    'cloud.availability_zone': task.AvailabilityZone,
    'aws.ecs.launchtype': task.LaunchType?.toLowerCase(),
    'aws.ecs.cluster.arn': task.Cluster,
    'aws.ecs.task.arn': task.TaskARN,
    'aws.ecs.task.family': task.Family,
    'aws.ecs.task.revision': task.Revision,
    'aws.ecs.container.arn': container.ContainerARN,
    'container.id': container.DockerId,
    'aws.log.group.names': group === undefined ? undefined : [group],
  }
}

const NAMES = [
  'cloud.region',
  'cloud.account.id',
  'cloud.availability_zone',
  'aws.ecs.launchtype',
  'aws.ecs.cluster.arn',
  'aws.ecs.task.arn',
  'aws.ecs.task.family',
  'aws.ecs.task.revision',
  'aws.ecs.container.arn',
  'container.id',
  'aws.log.group.names',
]

/**
 * What ECS tells about the task that this is, by the names of the semantic conventions. Values are promises: the first
 * export waits for them, the start does not.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html
 */
export function ecsAttributes(uri: string) {
  const attributes = readAttributes(uri)
  const waiting = NAMES.map((name) => [name, attributes.then((known) => known[name])] as const)
  return { 'cloud.provider': 'aws', 'cloud.platform': 'aws_ecs', ...Object.fromEntries(waiting) }
}
