import { Stack } from 'aws-cdk-lib'
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { AdminTask } from './admin-task.ts'
import { Alarms } from './alarms.ts'
import { createCursorSecret } from './cursor-secret.ts'
import { createDashboard } from './dashboard.ts'
import { imageOf } from './image.ts'
import { LoadBalancer } from './load-balancer.ts'
import { Metrics } from './metrics.ts'
import { Network } from './network.ts'
import { addOutputs } from './outputs.ts'
import { metricsNamespaceOf, type Parameters } from './parameters.ts'
import { Service } from './service.ts'
import { EventsTable } from './table.ts'
import { createTaskRole, grantItems, grantMetrics, grantMigrate, grantTraces } from './task-role.ts'
import { PORT, Task } from './task.ts'
import { createAlarmTopic } from './topic.ts'

/** Everything there is in the account. The diagram of the deployment. */
export class TriggersStack extends Stack {
  readonly parameters: Parameters
  readonly table: EventsTable
  readonly cursorSecret: Secret
  readonly logGroup: LogGroup
  readonly network: Network
  readonly loadBalancer: LoadBalancer
  readonly service: Service
  readonly adminTask: AdminTask
  readonly alarmTopic: Topic
  readonly dashboard: Dashboard

  constructor(scope: Construct, parameters: Parameters) {
    super(scope, parameters.stackName, {
      description: 'The Triggers API: table, tasks, load balancer, dashboard and alarms',
      terminationProtection: true,
    })
    this.parameters = parameters

    // What is kept.
    this.table = new EventsTable(this, {
      restoredTable: parameters.restoredTable,
      keyArn: parameters.tableKeyArn,
    })
    this.cursorSecret = createCursorSecret(this)
    this.logGroup = new LogGroup(this, 'Log', { retention: parameters.logRetentionDays })

    // What runs.
    this.network = new Network(this, parameters)
    this.loadBalancer = new LoadBalancer(this, this.network, PORT, parameters)
    const image = imageOf(this, parameters)
    const common = { parameters, image, tableName: this.table.name, cursorSecret: this.cursorSecret }
    const task = new Task(this, { ...common, role: this.#taskRole(), logGroup: this.logGroup })
    this.service = new Service(this, {
      parameters,
      network: this.network,
      loadBalancer: this.loadBalancer,
      task,
    })
    this.adminTask = new AdminTask(this, { ...common, role: this.#adminRole() })

    // What is told of it.
    const metrics = new Metrics({
      namespace: metricsNamespaceOf(parameters),
      tableName: this.table.name,
      loadBalancer: this.loadBalancer,
      service: this.service.resource,
    })
    this.alarmTopic = createAlarmTopic(this, parameters.alarmEmail)
    const alarms = new Alarms(this, metrics, this.alarmTopic, parameters)
    // While the first tasks start there is nothing to measure, which is no alarm.
    alarms.node.addDependency(this.service.resource)
    this.dashboard = createDashboard(this, { metrics, alarms: alarms.all, logGroup: this.logGroup })

    addOutputs(this)
  }

  #taskRole() {
    const role = createTaskRole(this, 'TaskRole')
    grantItems(role, this.table, this.parameters.tableKeyArn)
    grantMetrics(role, metricsNamespaceOf(this.parameters))
    if (this.parameters.tracing) grantTraces(role)
    return role
  }

  #adminRole() {
    const role = createTaskRole(this, 'AdminRole')
    grantItems(role, this.table, this.parameters.tableKeyArn)
    grantMigrate(role, this.table)
    return role
  }
}
