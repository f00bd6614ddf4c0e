import { Duration } from 'aws-cdk-lib'
import {
  AvailabilityZoneRebalancing,
  Cluster,
  ContainerInsights,
  FargateService,
  PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs'
import { Construct } from 'constructs'
import type { LoadBalancer } from './load-balancer.ts'
import type { Network } from './network.ts'
import type { Parameters } from './parameters.ts'
import type { Task } from './task.ts'

/** Until then the load balancer's opinion of a task that starts does not count. */
const GRACE_SECONDS = 60
const SCALE_OUT_SECONDS = 60
const SCALE_IN_SECONDS = 300

interface ServiceProps {
  parameters: Parameters
  network: Network
  loadBalancer: LoadBalancer
  task: Task
}

/** The tasks: at least two, more when they have more to do, replaced one after another and never by worse ones. */
export class Service extends Construct {
  readonly cluster: Cluster
  readonly resource: FargateService

  constructor(scope: Construct, { parameters, network, loadBalancer, task }: ServiceProps) {
    super(scope, 'Service')
    const { vpc, taskSubnets, taskSecurityGroup } = network
    // Counts running tasks, which nothing else does.
    this.cluster = new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED })
    this.resource = new FargateService(this, 'Resource', {
      cluster: this.cluster,
      taskDefinition: task.definition,
      vpcSubnets: taskSubnets,
      securityGroups: [taskSecurityGroup],
      assignPublicIp: false,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      healthCheckGracePeriod: Duration.seconds(GRACE_SECONDS),
      availabilityZoneRebalancing: AvailabilityZoneRebalancing.ENABLED,
      // Its agent needs a root file system to write to.
      enableExecuteCommand: false,
      propagateTags: PropagatedTagSource.SERVICE,
    })
    this.resource.attachToApplicationTargetGroup(loadBalancer.targetGroup)
    this.#scale(parameters, loadBalancer)
  }

  /** Whichever of both asks for more tasks gets them. Long polls are requests that take no CPU: CPU alone would not see a crowd of them. */
  #scale(
    { minTasks, maxTasks, requestsPerTaskPerMinute, cpuTargetPercent }: Parameters,
    { targetGroup }: LoadBalancer,
  ): void {
    const cooldown = {
      scaleOutCooldown: Duration.seconds(SCALE_OUT_SECONDS),
      scaleInCooldown: Duration.seconds(SCALE_IN_SECONDS),
    }
    const tasks = this.resource.autoScaleTaskCount({ minCapacity: minTasks, maxCapacity: maxTasks })
    tasks.scaleOnRequestCount('Requests', {
      requestsPerTarget: requestsPerTaskPerMinute,
      targetGroup,
      ...cooldown,
    })
    tasks.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: cpuTargetPercent, ...cooldown })
  }
}
