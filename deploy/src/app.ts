import { App, DefaultStackSynthesizer, Validations, type AppProps } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'

/** What new CDK projects have switched on. */
const FEATURE_FLAGS = {
  '@aws-cdk/aws-ecs:removeDefaultDesiredCount': true,
  '@aws-cdk/aws-ecs:disableExplicitDeploymentControllerForCircuitBreaker': true,
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/core:enablePartitionLiterals': true,
  // What CloudFormation would refuse fails here already.
  '@aws-cdk/core:validateAgainstDefaultRules': true,
}

/** An app whose stacks are held against the rules of cdk-nag and of CloudFormation whenever it is synthesized. */
export function createApp(props: AppProps = {}): App {
  const app = new App({
    analyticsReporting: false,
    // The stack has no assets, so any way to bring the template into an account will do.
    defaultStackSynthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
    ...props,
    context: FEATURE_FLAGS,
  })
  Validations.of(app).addPlugins(new AwsSolutionsChecks())
  return app
}
