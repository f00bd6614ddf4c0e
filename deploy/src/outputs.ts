import { CfnOutput, Stack } from 'aws-cdk-lib'
import type { TriggersStack } from './stack.ts'

/** What operators and scripts ask the stack for. */
export function addOutputs(stack: TriggersStack): void {
  const { region } = Stack.of(stack)
  const { parameters, table, network, loadBalancer, service, adminTask, dashboard, logGroup } = stack
  const outputs: Record<string, string> = {
    Url: `https://${parameters.domainName}`,
    LoadBalancerDnsName: loadBalancer.resource.loadBalancerDnsName,
    DashboardUrl: `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards:name=${dashboard.dashboardName}`,
    TableName: table.name,
    LogGroupName: logGroup.logGroupName,
    AlarmTopicArn: stack.alarmTopic.topicArn,
    CursorSecretArn: stack.cursorSecret.secretArn,
    ClusterName: service.cluster.clusterName,
    ServiceName: service.resource.serviceName,
    AdminTaskDefinition: adminTask.definition.taskDefinitionArn,
    AdminLogGroupName: adminTask.logGroup.logGroupName,
    TaskSubnets: network.vpc.selectSubnets(network.taskSubnets).subnetIds.join(','),
    TaskSecurityGroup: network.taskSecurityGroup.securityGroupId,
  }
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value })
}
