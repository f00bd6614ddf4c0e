import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'

/**
 * Signs cursors. CloudFormation makes it once and never looks at its value again: operators replace it by hand, in
 * steps for which two are accepted (docs/operations.md). No commas: they separate the two.
 */
export function createCursorSecret(scope: Construct): Secret {
  const secret = new Secret(scope, 'CursorSecret', {
    description: 'Triggers API: CURSOR_SECRET, one secret or two separated by a comma',
    generateSecretString: { passwordLength: 48, excludePunctuation: true },
  })
  acknowledge(secret, 'SMG4', 'Tasks read it at their start: it is replaced in three deployments, by hand.')
  return secret
}
