import { Duration } from 'aws-cdk-lib'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { Peer, Port, SecurityGroup, SubnetType, type IVpc } from 'aws-cdk-lib/aws-ec2'
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  ListenerAction,
  Protocol,
  SslPolicy,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { CfnRecordSet } from 'aws-cdk-lib/aws-route53'
import { CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { logAccess } from './access-logs.ts'
import type { Network } from './network.ts'
import type { Parameters } from './parameters.ts'

/** Below the 72 s after which the service closes an idle connection, so that it never closes one in use; above the 20 s of a long poll. */
const IDLE_SECONDS = 60
/** Time for requests under way, of which long polls take 20 s; a task that is replaced is not stopped before. */
const DEREGISTRATION_SECONDS = 30
const HEALTH_INTERVAL_SECONDS = 10
const HEALTH_TIMEOUT_SECONDS = 5

/** The way in: HTTPS, and HTTP only to be sent there. */
export class LoadBalancer extends Construct {
  readonly resource: ApplicationLoadBalancer
  readonly targetGroup: ApplicationTargetGroup

  constructor(scope: Construct, { vpc, taskSubnets }: Network, port: number, parameters: Parameters) {
    super(scope, 'LoadBalancer')
    const { internetFacing, accessLogRetentionDays, webAclArn } = parameters
    this.resource = new ApplicationLoadBalancer(this, 'Resource', {
      vpc,
      internetFacing,
      vpcSubnets: internetFacing ? { subnetType: SubnetType.PUBLIC } : taskSubnets,
      securityGroup: this.#securityGroup(vpc, parameters),
      idleTimeout: Duration.seconds(IDLE_SECONDS),
      dropInvalidHeaderFields: true,
      deletionProtection: true,
    })
    logAccess(this, this.resource, accessLogRetentionDays)
    this.targetGroup = this.#targets(vpc, port)
    this.#listen(parameters)
    this.#name(parameters)
    if (webAclArn !== undefined) {
      new CfnWebACLAssociation(this, 'WebAcl', { webAclArn, resourceArn: this.resource.loadBalancerArn })
    }
  }

  #securityGroup(vpc: IVpc, { allowedCidrs }: Parameters): SecurityGroup {
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Load balancer of the Triggers API',
      allowAllOutbound: false,
    })
    acknowledge(
      group,
      'EC23',
      'The way in is public unless allowedCidrs says otherwise; what it lets in needs a key.',
    )
    for (const cidr of allowedCidrs) {
      group.addIngressRule(Peer.ipv4(cidr), Port.tcp(443), 'Clients')
      group.addIngressRule(Peer.ipv4(cidr), Port.tcp(80), 'Clients, to be sent to HTTPS')
    }
    return group
  }

  #targets(vpc: IVpc, port: number): ApplicationTargetGroup {
    return new ApplicationTargetGroup(this, 'Tasks', {
      vpc,
      port,
      protocol: ApplicationProtocol.HTTP,
      targetType: TargetType.IP,
      deregistrationDelay: Duration.seconds(DEREGISTRATION_SECONDS),
      // Does not ask DynamoDB: its trouble must not take every task out at once.
      healthCheck: {
        path: '/health',
        protocol: Protocol.HTTP,
        healthyHttpCodes: '200',
        interval: Duration.seconds(HEALTH_INTERVAL_SECONDS),
        timeout: Duration.seconds(HEALTH_TIMEOUT_SECONDS),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 3,
      },
    })
  }

  #listen({ certificateArn }: Parameters): void {
    this.resource.addListener('Https', {
      port: 443,
      protocol: ApplicationProtocol.HTTPS,
      certificates: [Certificate.fromCertificateArn(this, 'Certificate', certificateArn)],
      sslPolicy: SslPolicy.RECOMMENDED_TLS,
      defaultTargetGroups: [this.targetGroup],
      open: false,
    })
    this.resource.addListener('Http', {
      port: 80,
      protocol: ApplicationProtocol.HTTP,
      defaultAction: ListenerAction.redirect({ protocol: 'HTTPS', port: '443', permanent: true }),
      open: false,
    })
  }

  #name({ hostedZoneId, domainName }: Parameters): void {
    if (hostedZoneId === undefined) return
    new CfnRecordSet(this, 'Name', {
      hostedZoneId,
      name: domainName,
      type: 'A',
      aliasTarget: {
        dnsName: this.resource.loadBalancerDnsName,
        hostedZoneId: this.resource.loadBalancerCanonicalHostedZoneId,
        evaluateTargetHealth: true,
      },
    })
  }
}
