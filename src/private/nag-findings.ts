import { Stack } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';

interface Statement {
  readonly Effect: string;
  readonly Action?: string | readonly string[];
  readonly Resource?: unknown;
}

/**
 * The wildcards that cdk-nag finds in a policy, by cdk-nag's names: `Action::s3:Get*`, `Resource::<Bucket.Arn>/*`.
 *
 * @see https://github.com/cdklabs/cdk-nag/blob/main/src/rules/iam/IAMNoWildcardPermissions.ts
 */
export function wildcardsOf(policy: iam.CfnPolicy): string[] {
  const { Statement: statements } = Stack.of(policy).resolve(policy.policyDocument) as { Statement: readonly Statement[] };
  return statements.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action, Resource }) => [
    ...[Action].flat().filter(action => action?.includes('*')).map(action => `Action::${action}`),
    ...[Resource].flat().map(flat).filter(resource => resource.includes('*')).map(resource => `Resource::${resource}`),
  ]);
}

/** A template value on one line, as cdk-nag writes it. */
function flat(value: unknown): string {
  if (typeof value === 'string') {
    return value.replace(/\$\{/g, '<').replace(/\}/g, '>');
  }
  const [[name, argument]] = Object.entries(value as Record<string, unknown>);
  switch (name) {
    case 'Fn::Join': {
      const [delimiter, parts] = argument as [string, unknown[]];
      return parts.map(flat).join(delimiter);
    }
    case 'Fn::GetAtt':
      return `<${(argument as string[]).map(flat).join('.')}>`;
    case 'Fn::Sub':
    case 'Fn::ImportValue':
      return flat(argument);
    case 'Ref':
      return `<${flat(argument)}>`;
    default:
      return JSON.stringify(value);
  }
}
