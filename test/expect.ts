import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';

/** An action as CloudFormation gets it. */
export interface SynthesizedAction {
  readonly Name: string;
  readonly Namespace?: string;
  readonly RoleArn?: unknown;
  readonly RunOrder?: number;
  readonly InputArtifacts?: { readonly Name: string }[];
  readonly ActionTypeId: Record<string, string>;
  readonly Configuration: Record<string, unknown>;
}

export interface SynthesizedStage {
  readonly Name: string;
  readonly Actions: SynthesizedAction[];
  readonly [condition: string]: unknown;
}

/** The stages of a stack's only pipeline. */
export function stagesOf(stack: Stack): SynthesizedStage[] {
  const [pipeline] = Object.values(Template.fromStack(stack).findResources('AWS::CodePipeline::Pipeline'));
  return pipeline.Properties.Stages;
}

/** The statements of all policies of a role, by the logical id of the role. */
export function statementsOf(stack: Stack, roleId: string): object[] {
  return Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
    .filter(policy => policy.Properties.Roles.some((role: { Ref?: string }) => role.Ref === roleId))
    .flatMap(policy => policy.Properties.PolicyDocument.Statement);
}
