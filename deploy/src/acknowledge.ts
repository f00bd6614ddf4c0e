import { Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

/** Tells cdk-nag that a finding is meant, and the next reader why. */
export function acknowledge(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason })
}
