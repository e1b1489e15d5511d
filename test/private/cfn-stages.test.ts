import { mkdtempSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { Annotations as AppAnnotations, Aws, CfnCondition, Fn, Lazy, Stack, type App, type IResolvable } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { CloudFrontInvalidationAction, CloudFrontInvalidationStage, InvalidationPaths, type CloudFrontInvalidationStageProps } from '../../src';
import { statementsOf, type SynthesizedStage } from '../expect';
import { givenDistribution, givenStack } from '../given';

const NO_VALUE = { Ref: 'AWS::NoValue' };
const RUN_ORDER = Match.stringLikeRegexp('\\[ack: cdk-cloudfront-invalidation-stage:runOrder\\]');

/** An action as a template has it. */
function action(Name: string, Category = 'Deploy', RunOrder?: unknown): object {
  const Provider = ({ Approval: 'Manual', Build: 'CodeBuild' } as Record<string, string>)[Category] ?? 'S3';
  return { Name, ActionTypeId: { Category, Owner: 'AWS', Provider, Version: '1' }, ...RunOrder !== undefined && { RunOrder } };
}

function stage(Name: string, ...Actions: object[]): object {
  return { Name, Actions };
}

function fnIf(condition: string, whenTrue: unknown, whenFalse: unknown = NO_VALUE): object {
  return { 'Fn::If': [condition, whenTrue, whenFalse] };
}

const SOURCE = stage('Source', action('Source', 'Source'));
const UAT = stage('UAT', action('Deploy'));
const PRODUCTION = stage('Production', action('Approve', 'Approval'), action('Deploy', 'Deploy', 2));

/** The pipeline of a template that knows nothing of CDK, whose last stages depend on conditions. */
function givenIncludedPipeline(...stages: object[]): { readonly stack: Stack; readonly pipeline: codepipeline.CfnPipeline } {
  const stack = givenStack();
  const templateFile = join(mkdtempSync(join(tmpdir(), 'included-')), 'template.json');
  const isYes = (parameter: string) => ({ 'Fn::Equals': [{ Ref: parameter }, 'yes'] });
  writeFileSync(templateFile, JSON.stringify({
    Parameters: { Production: { Type: 'String' }, Europe: { Type: 'String' }, Order: { Type: 'Number' } },
    Conditions: { HasProduction: isYes('Production'), InEurope: isYes('Europe') },
    Resources: {
      PipelineRole: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } },
      Pipeline: {
        Type: 'AWS::CodePipeline::Pipeline',
        Properties: { RoleArn: { 'Fn::GetAtt': ['PipelineRole', 'Arn'] }, ArtifactStore: { Type: 'S3', Location: 'artifacts' }, Stages: stages },
      },
    },
  }));
  const template = new CfnInclude(stack, 'Included', { templateFile });
  return { stack, pipeline: template.getResource('Pipeline') as codepipeline.CfnPipeline };
}

/** A pipeline that an app writes as CloudFormation has it. */
function givenCfnPipeline(...stages: (IResolvable | codepipeline.CfnPipeline.StageDeclarationProperty)[]) {
  const stack = givenStack();
  return {
    stack,
    pipeline: new codepipeline.CfnPipeline(stack, 'Pipeline', {
      roleArn: 'arn:aws:iam::111122223333:role/pipeline', artifactStore: { type: 'S3', location: 'artifacts' }, stages,
    }),
  };
}

function propertiesOf(stack: Stack): { readonly Stages: unknown[]; readonly DisableInboundStageTransitions?: unknown[] } {
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::CodePipeline::Pipeline'));
  return Properties;
}

function addStage(
  stack: Stack, pipeline: codepipeline.CfnPipeline, props: Partial<CloudFrontInvalidationStageProps> = {},
): CloudFrontInvalidationStage {
  return new CloudFrontInvalidationStage(stack, 'Invalidate', {
    ...props, pipeline, distribution: props.distribution ?? givenDistribution(stack), actionName: 'Website',
  });
}

const INVALIDATION = {
  Name: 'Website',
  ActionTypeId: { Category: 'Invoke', Owner: 'AWS', Provider: 'Lambda', Version: '1' },
  Configuration: { FunctionName: expect.anything(), UserParameters: expect.anything() },
};
const JOINED = { ...INVALIDATION, RunOrder: 3 };
const INVALIDATION_STAGE = stage('InvalidateCloudFrontCache', INVALIDATION);

describe('a stage beside one within Fn::If', () => {
  test.each<[string, object, object]>([
    ['in the branch that is true', fnIf('HasProduction', PRODUCTION), fnIf('HasProduction', INVALIDATION_STAGE)],
    ['in the branch that is false', fnIf('HasProduction', NO_VALUE, PRODUCTION), fnIf('HasProduction', NO_VALUE, INVALIDATION_STAGE)],
    ['beside another stage', fnIf('HasProduction', PRODUCTION, stage('Preview')), fnIf('HasProduction', INVALIDATION_STAGE)],
    ['in both branches, each with actions of its own', fnIf('InEurope', PRODUCTION, stage('Production', action('Copy', 'Build'))), INVALIDATION_STAGE],
    ['in an Fn::If within another', fnIf('HasProduction', fnIf('InEurope', stage('Preview'), PRODUCTION)),
      fnIf('HasProduction', fnIf('InEurope', NO_VALUE, INVALIDATION_STAGE))],
    ['in two branches of three', fnIf('HasProduction', PRODUCTION, fnIf('InEurope', PRODUCTION)), fnIf('HasProduction', INVALIDATION_STAGE, fnIf('InEurope', INVALIDATION_STAGE))],
  ])('%s, it gets the same condition', (_, conditional, expected) => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, UAT, conditional);
    addStage(stack, pipeline, { justAfterStage: 'Production' });
    expect(propertiesOf(stack).Stages).toEqual([SOURCE, UAT, conditional, expected]);
    expect(Object.keys(Template.fromStack(stack).toJSON().Conditions)).toEqual(['HasProduction', 'InEurope']);
  });

  test('goes before it as well', () => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, UAT, fnIf('HasProduction', PRODUCTION));
    addStage(stack, pipeline, { rightBeforeStage: 'Production' });
    expect(propertiesOf(stack).Stages).toEqual([SOURCE, UAT, fnIf('HasProduction', INVALIDATION_STAGE), fnIf('HasProduction', PRODUCTION)]);
  });

  test('which two Fn::If take turns to be, it goes beside both', () => {
    const [first, second] = [fnIf('InEurope', PRODUCTION), fnIf('InEurope', NO_VALUE, PRODUCTION)];
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, first, UAT, second);
    addStage(stack, pipeline, { justAfterStage: 'Production' });
    expect(propertiesOf(stack).Stages)
      .toEqual([SOURCE, first, fnIf('InEurope', INVALIDATION_STAGE), UAT, second, fnIf('InEurope', NO_VALUE, INVALIDATION_STAGE)]);
  });

  test('gets further actions, variables and a disabled transition under that condition', () => {
    // GIVEN
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, UAT, fnIf('HasProduction', PRODUCTION));

    // WHEN
    const added = addStage(stack, pipeline, { justAfterStage: 'Production', transitionToEnabled: false, transitionDisabledReason: 'not yet' });
    added.addInvalidation({ distribution: givenDistribution(stack, 'Other'), actionName: 'Assets' });
    const { invalidationId } = added.action.variables;

    // THEN
    const { Stages, DisableInboundStageTransitions } = propertiesOf(stack);
    expect(Stages[3]).toEqual(fnIf('HasProduction', stage('InvalidateCloudFrontCache', { ...INVALIDATION, Namespace: expect.any(String) }, { ...INVALIDATION, Name: 'Assets' })));
    expect(stack.resolve(invalidationId)).toBe('#{InvalidateCloudFrontCache_Website_NS.invalidationId}');
    expect(DisableInboundStageTransitions).toEqual([fnIf('HasProduction', { StageName: 'InvalidateCloudFrontCache', Reason: 'not yet' })]);
  });

  test('goes last, without a condition, where it is placed beside none', () => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, fnIf('HasProduction', PRODUCTION));
    addStage(stack, pipeline);
    expect(propertiesOf(stack).Stages).toEqual([SOURCE, fnIf('HasProduction', PRODUCTION), INVALIDATION_STAGE]);
  });

  test('of a name that is taken in a branch is refused, and one that is in no branch as well', () => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, fnIf('HasProduction', PRODUCTION, UAT));
    const distribution = givenDistribution(stack);
    expect(() => addStage(stack, pipeline, { stageName: 'UAT', distribution })).toThrow("got 'UAT', which 'Stack/Included/Pipeline' already has");
    expect(() => addStage(stack, pipeline, { justAfterStage: 'Deploy', distribution })).toThrow("got 'Deploy': the pipeline has 'Source', 'Production', 'UAT'");
  });

  test('of an app: the condition is one of CDK, and both stages refer to another stack', () => {
    // GIVEN
    const { stack, pipeline } = givenCfnPipeline({ name: 'Source', actions: [] });
    const condition = new CfnCondition(stack, 'HasProduction', { expression: Fn.conditionEquals(Aws.REGION, 'eu-west-1') });
    const other = new Stack(stack.node.root as App, 'Other');
    const { bucketName } = new Bucket(other, 'Bucket');
    pipeline.stages = [
      { name: 'Source', actions: [] },
      Fn.conditionIf(condition.logicalId, { Name: 'Production', Actions: [{ ...action('Deploy'), Configuration: { BucketName: bucketName } }] }, Aws.NO_VALUE),
    ];

    // WHEN
    const distribution = givenDistribution(other);
    addStage(stack, pipeline, { justAfterStage: 'Production', distribution });
    new CloudFrontInvalidationAction({ actionName: 'Website', distribution }).addToCfnStage(pipeline, 'Production');

    // THEN
    expect(propertiesOf(stack).Stages[2]).toMatchObject(fnIf('HasProduction', { Name: 'InvalidateCloudFrontCache' }));
    expect(propertiesOf(stack).Stages[1]).toEqual(fnIf('HasProduction', stage('Production', {
      ...action('Deploy'), Configuration: { BucketName: { 'Fn::ImportValue': expect.stringMatching(/^Other:ExportsOutputRefBucket/) } },
    }, { ...JOINED, RunOrder: 2 })));
    expect(JSON.stringify(propertiesOf(stack).Stages[2])).toContain('Other:ExportsOutputRefDistribution');
  });
});

test('to look for a stage does not settle what an invalidation within Fn::If says: who deploys is known in the end', () => {
  // GIVEN
  const takingSite = { ...action('Deploy'), InputArtifacts: [{ Name: 'Site' }] };
  const { stack, pipeline } = givenIncludedPipeline(SOURCE, fnIf('HasProduction', stage('Production', takingSite)), fnIf('InEurope', stage('Europe')));
  const distribution = givenDistribution(stack);
  const paths = InvalidationPaths.changedFiles(new codepipeline.Artifact('Site'));
  new CloudFrontInvalidationAction({ actionName: 'Website', distribution, paths }).addToCfnStage(pipeline, 'Production');

  // WHEN
  const added = addStage(stack, pipeline, { distribution, justAfterStage: 'Europe' });
  added.addInvalidation({ distribution, actionName: 'Again' });
  pipeline.stages = [
    ...pipeline.stages as codepipeline.CfnPipeline.StageDeclarationProperty[],
    { name: 'Late', actions: [{ name: 'Copy', actionTypeId: { category: 'Build', owner: 'AWS', provider: 'CodeBuild', version: '1' }, inputArtifacts: [{ name: 'Site' }] }] },
  ];

  // THEN
  expect(JSON.stringify(propertiesOf(stack).Stages[1])).toContain('\\"deployedBy\\":[\\"Late.Copy\\",\\"Production.Deploy\\"]');
});

describe('addToCfnStage', () => {
  function givenAction(stack: Stack, props: { readonly runOrder?: number } = {}): CloudFrontInvalidationAction {
    return new CloudFrontInvalidationAction({ actionName: 'Website', distribution: givenDistribution(stack), ...props });
  }

  test('adds the action behind those of a stage of a template, and the function admits the pipeline\'s role', () => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, PRODUCTION);
    const invalidation = givenAction(stack);
    invalidation.addToCfnStage(pipeline, 'Production');
    expect(propertiesOf(stack).Stages).toEqual([SOURCE, stage('Production', action('Approve', 'Approval'), action('Deploy', 'Deploy', 2), JOINED)]);
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Lambda::Permission', { Action: 'lambda:InvokeFunction', Principal: { 'Fn::GetAtt': ['PipelineRole', 'Arn'] } });
    const functionRole = Object.keys(template.findResources('AWS::IAM::Role')).find(id => id.startsWith('CloudFrontInvalidationFunction'))!;
    expect(statementsOf(stack, functionRole)).toContainEqual(expect.objectContaining({
      Action: ['cloudfront:CreateInvalidation', 'cloudfront:GetInvalidation', 'cloudfront:ListInvalidations'],
    }));
    Annotations.fromStack(stack).hasNoWarning('*', RUN_ORDER);
  });

  test('adds it to a stage of an app, with its variables', () => {
    const { stack, pipeline } = givenCfnPipeline({ name: 'Deploy', actions: [{ name: 'Deploy', actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' } }] });
    const invalidation = givenAction(stack);
    invalidation.addToCfnStage(pipeline, 'Deploy');
    expect(invalidation.variables.invalidationId).toContain('#{');
    expect(propertiesOf(stack).Stages).toEqual([stage('Deploy', action('Deploy'), { ...JOINED, RunOrder: 2, Namespace: 'Deploy_Website_NS' })]);
  });

  test.each<[string, object, object]>([
    ['within Fn::If', fnIf('HasProduction', PRODUCTION),
      fnIf('HasProduction', stage('Production', action('Approve', 'Approval'), action('Deploy', 'Deploy', 2), JOINED))],
    ['in both branches, after the later one\'s actions', fnIf('InEurope', PRODUCTION, stage('Production', action('Copy', 'Build'))),
      fnIf('InEurope', stage('Production', action('Approve', 'Approval'), action('Deploy', 'Deploy', 2), JOINED), stage('Production', action('Copy', 'Build'), JOINED))],
    ['whose actions are an Fn::If', { Name: 'Production', Actions: fnIf('InEurope', [action('Deploy', 'Deploy', 2)], [action('Copy', 'Build')]) },
      { Name: 'Production', Actions: fnIf('InEurope', [action('Deploy', 'Deploy', 2), JOINED], [action('Copy', 'Build'), JOINED]) }],
    ['one of whose actions is within Fn::If', stage('Production', action('Deploy'), fnIf('InEurope', action('Copy', 'Build', '2'))),
      stage('Production', action('Deploy'), fnIf('InEurope', action('Copy', 'Build', '2')), JOINED)],
  ])('to a stage %s', (_, given, expected) => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, given, UAT);
    givenAction(stack).addToCfnStage(pipeline, 'Production');
    expect(propertiesOf(stack).Stages).toEqual([SOURCE, expected, UAT]);
    Annotations.fromStack(stack).hasNoWarning('*', RUN_ORDER);
  });

  test('to a stage that an app writes lazily, which is no function of CloudFormation', () => {
    const deploy = { name: 'Deploy', actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' } };
    const { stack, pipeline } = givenCfnPipeline(
      { name: 'Staging', actions: Lazy.any({ produce: () => [deploy] }) },
      Lazy.any({ produce: () => ({ name: 'Production', actions: [deploy] }) }),
    );
    const distribution = givenDistribution(stack);
    const added = addStage(stack, pipeline, { distribution, justAfterStage: 'Production' });
    added.addInvalidation({ distribution, actionName: 'Again' });
    for (const stageName of ['Staging', 'Production']) {
      new CloudFrontInvalidationAction({ actionName: 'Website', distribution }).addToCfnStage(pipeline, stageName);
    }
    expect(propertiesOf(stack).Stages).toEqual([
      { Name: 'Staging', Actions: [action('Deploy'), { ...JOINED, RunOrder: 2 }] },
      { Name: 'Production', Actions: [action('Deploy'), { ...JOINED, RunOrder: 2 }] },
      { ...INVALIDATION_STAGE, Actions: [INVALIDATION, { ...INVALIDATION, Name: 'Again' }] },
    ]);
  });

  test('keeps a run order that is given, and warns where it is that of a deployment', () => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, fnIf('HasProduction', PRODUCTION));
    givenAction(stack, { runOrder: 2 }).addToCfnStage(pipeline, 'Production');
    expect(propertiesOf(stack).Stages[1]).toMatchObject(fnIf('HasProduction', { Actions: [{}, {}, { Name: 'Website', RunOrder: 2 }] }));
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp(
      "The invalidation 'Website' and the action 'Deploy' in the stage 'Production' run at the same time: both have the run order 2",
    ));
  });

  test('warns of what is added later, in a place of its own, so that the pipeline can acknowledge it', () => {
    const { stack, pipeline } = givenCfnPipeline({ name: 'Deploy', actions: [] });
    givenAction(stack).addToCfnStage(pipeline, 'Deploy');
    const late = { name: 'Late', actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' }, runOrder: 4 };
    pipeline.stages = [{ name: 'Deploy', actions: [late] }];
    Annotations.fromStack(stack).hasWarning('/Stack/Pipeline/Deploy.0', Match.stringLikeRegexp("runs before the action 'Late' .* its run order is 1, and that of 'Late' is 4"));
    AppAnnotations.of(pipeline).acknowledgeWarning('cdk-cloudfront-invalidation-stage:runOrder');
    Annotations.fromStack(stack).hasNoWarning('*', RUN_ORDER);
  });

  test('two of them run beside each other, after what deploys', () => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, PRODUCTION);
    givenAction(stack).addToCfnStage(pipeline, 'Production');
    new CloudFrontInvalidationAction({ actionName: 'Assets', distribution: givenDistribution(stack, 'Second') }).addToCfnStage(pipeline, 'Production');
    expect((propertiesOf(stack).Stages[1] as SynthesizedStage).Actions.map(({ Name, RunOrder }) => [Name, RunOrder]))
      .toEqual([['Approve', undefined], ['Deploy', 2], ['Website', 3], ['Assets', 3]]);
    Annotations.fromStack(stack).hasNoWarning('*', RUN_ORDER);
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Permission', 1);
  });

  test('needs a run order where that of a deployment is a parameter', () => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, stage('Deploy', action('Deploy', 'Deploy', { Ref: 'Order' })));
    expect(() => givenAction(stack).addToCfnStage(pipeline, 'Deploy'))
      .toThrow("runOrder of the action 'Website' must be specified and be higher than that of the action 'Deploy' in the stage 'Deploy'");
    new CloudFrontInvalidationAction({ actionName: 'Website', distribution: givenDistribution(stack, 'Second'), runOrder: 9 }).addToCfnStage(pipeline, 'Deploy');
    expect((propertiesOf(stack).Stages[1] as SynthesizedStage).Actions).toMatchObject([{ RunOrder: { Ref: 'Order' } }, { RunOrder: 9 }]);
  });

  test('refuses a stage that is not there, and names those that are', () => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, fnIf('HasProduction', PRODUCTION));
    expect(() => givenAction(stack).addToCfnStage(pipeline, 'Deploy'))
      .toThrow("stageName must name a stage of the pipeline 'Stack/Included/Pipeline', got 'Deploy': the pipeline has 'Source', 'Production'");
  });

  test('refuses a name that is taken', () => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, fnIf('HasProduction', stage('Production', fnIf('InEurope', action('Website')))));
    expect(() => givenAction(stack).addToCfnStage(pipeline, 'Production'))
      .toThrow("actionName must be unique in its stage, got 'Website', which the stage 'Production' already has");
  });

  test('refuses an action that is part of a stage', () => {
    const { stack, pipeline } = givenIncludedPipeline(SOURCE, UAT, PRODUCTION);
    const invalidation = givenAction(stack);
    invalidation.addToCfnStage(pipeline, 'UAT');
    expect(() => invalidation.addToCfnStage(pipeline, 'Production'))
      .toThrow("action 'Website' is already in the stage 'UAT': create another CloudFrontInvalidationAction for a second stage");
  });

  test('refuses stages, and actions, that CloudFormation knows only', () => {
    const { stack, pipeline } = givenCfnPipeline({ name: 'Deploy', actions: Lazy.any({ produce: () => ({ 'Fn::Transform': { Name: 'Actions' } }) }) });
    expect(() => givenAction(stack).addToCfnStage(pipeline, 'Deploy')).toThrow("actions of the stage 'Deploy' in the pipeline 'Stack/Pipeline' must be known before deployment");
    pipeline.stages = Fn.conditionIf('Condition', [], []);
    expect(() => givenAction(new Stack(stack, 'Other')).addToCfnStage(pipeline, 'Deploy')).toThrow("stages of the pipeline 'Stack/Pipeline' must be a list");
  });
});
