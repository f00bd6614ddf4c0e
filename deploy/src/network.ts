import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
  type IVpc,
  type SubnetSelection,
} from 'aws-cdk-lib/aws-ec2'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { Parameters } from './parameters.ts'

/** What tasks call besides DynamoDB, for which there is a gateway, and S3, where the layers of images are. */
const CALLED_SERVICES = {
  Ecr: InterfaceVpcEndpointAwsService.ECR,
  EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Monitoring: InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
  SecretsManager: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
  XRay: InterfaceVpcEndpointAwsService.XRAY,
}
/** One a zone: with a single one, the loss of its zone keeps the other from starting tasks when it has to. */
const ZONES = 2

/** An existing network, or one of two zones in which no task has a public address. */
export class Network extends Construct {
  readonly vpc: IVpc
  readonly taskSubnets: SubnetSelection
  /** Where tasks may connect to: AWS by HTTPS, and nothing else. */
  readonly taskSecurityGroup: SecurityGroup

  constructor(scope: Construct, parameters: Parameters) {
    super(scope, 'Network')
    this.vpc = this.#existing(parameters) ?? this.#own(parameters)
    const { privateSubnets, isolatedSubnets } = this.vpc
    this.taskSubnets = { subnets: privateSubnets.length > 0 ? privateSubnets : isolatedSubnets }
    this.taskSecurityGroup = new SecurityGroup(this, 'TaskSecurityGroup', {
      vpc: this.vpc,
      description: 'Tasks of the Triggers API',
      allowAllOutbound: false,
    })
    this.taskSecurityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'AWS by HTTPS')
    if (this.vpc instanceof Vpc && parameters.egress === 'endpoints') this.#addEndpoints(this.vpc)
  }

  #existing({ vpcId, availabilityZones, publicSubnetIds, privateSubnetIds }: Parameters): IVpc | undefined {
    if (vpcId === undefined) return undefined
    return Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId,
      availabilityZones: availabilityZones ?? [],
      publicSubnetIds: publicSubnetIds ?? [],
      privateSubnetIds: privateSubnetIds ?? [],
    })
  }

  #own({ egress, logRetentionDays }: Parameters): Vpc {
    const isOpen = egress === 'nat'
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: ZONES,
      natGateways: isOpen ? ZONES : 0,
      subnetConfiguration: [
        { name: 'Public', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false },
        {
          name: 'Private',
          subnetType: isOpen ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PRIVATE_ISOLATED,
        },
      ],
      gatewayEndpoints: {
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
        S3: { service: GatewayVpcEndpointAwsService.S3 },
      },
    })
    this.#logRefused(vpc, logRetentionDays)
    return vpc
  }

  #addEndpoints(vpc: Vpc): void {
    const group = new SecurityGroup(this, 'EndpointSecurityGroup', {
      vpc,
      description: 'Endpoints of AWS for the Triggers API',
      allowAllOutbound: false,
    })
    group.addIngressRule(this.taskSecurityGroup, Port.tcp(443), 'Tasks')
    for (const [name, service] of Object.entries(CALLED_SERVICES)) {
      vpc.addInterfaceEndpoint(name, { service, open: false, securityGroups: [group] })
    }
  }

  /** What security groups refused: who is debugging them wants it, and nothing else costs. */
  #logRefused(vpc: Vpc, retention: RetentionDays): void {
    const logGroup = new LogGroup(this, 'RefusedConnections', { retention })
    vpc.addFlowLog('Refused', {
      destination: FlowLogDestination.toCloudWatchLogs(logGroup),
      trafficType: FlowLogTrafficType.REJECT,
    })
  }
}
