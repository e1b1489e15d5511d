import { App, CfnOutput, Duration, Stack, Stage } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Artifact } from 'aws-cdk-lib/aws-codepipeline';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { stagesOf } from './expect';
import { givenDistribution, givenDistributionTenant } from './given';
import {
  CloudFrontInvalidationFunction, CloudFrontInvalidationRole, CloudFrontInvalidationStep, InvalidationFailurePolicy, InvalidationPaths,
} from '../src';

const ENV = { account: '111122223333', region: 'eu-west-1' };

/** A site that the pipeline deploys. */
class WebsiteStage extends Stage {
  readonly distributionIdOutput: CfnOutput;

  constructor(app: App, id: string, env = ENV) {
    super(app, id, { env });
    const stack = new Stack(this, 'Website');
    this.distributionIdOutput = new CfnOutput(stack, 'DistributionId', { value: givenDistribution(stack).distributionId });
  }
}

interface Given {
  readonly app: App;
  readonly stack: Stack;
  readonly pipeline: pipelines.CodePipeline;
}

function givenCdkPipeline(props: Partial<pipelines.CodePipelineProps> = {}): Given {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'PipelineStack', { env: ENV });
  const pipeline = new pipelines.CodePipeline(stack, 'CdkPipeline', {
    synth: new pipelines.ShellStep('Synth', {
      input: pipelines.CodePipelineSource.connection('owner/website', 'main', {
        connectionArn: 'arn:aws:codestar-connections:eu-west-1:111122223333:connection/id',
      }),
      commands: ['npx cdk synth'],
    }),
    ...props,
  });
  return { app, stack, pipeline };
}

/** The actions that invoke a function, with their stage. */
function invalidationsOf(stack: Stack) {
  return stagesOf(stack).flatMap(stage => stage.Actions
    .filter(({ ActionTypeId }) => ActionTypeId.Category === 'Invoke')
    .map(({ Name, RunOrder, Configuration }) => ({
      stage: stage.Name, name: Name, runOrder: RunOrder, parameters: JSON.parse(String(Configuration.UserParameters)),
    })));
}

test('after a deployed stage: the id comes from its output', () => {
  // GIVEN
  const { app, stack, pipeline } = givenCdkPipeline();
  const website = new WebsiteStage(app, 'Production');

  // WHEN
  pipeline.addStage(website, { post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: website.distributionIdOutput })] });

  // THEN
  const [invalidation] = invalidationsOf(stack);
  const deployment = stagesOf(stack).find(({ Name }) => Name === 'Production')!.Actions.find(({ Name }) => Name.includes('Deploy'))!;
  expect(invalidation).toMatchObject({ stage: 'Production', name: 'Invalidate' });
  expect(invalidation.parameters.distributionId).toBe(`#{${deployment.Namespace}.DistributionId}`);
  expect(invalidation.runOrder).toBeGreaterThan(deployment.RunOrder!);
});

test('with an id that is known when the pipeline runs, the function may invalidate the distributions of its account', () => {
  const { app, stack, pipeline } = givenCdkPipeline();
  const website = new WebsiteStage(app, 'Production');
  pipeline.addStage(website, { post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: website.distributionIdOutput })] });
  pipeline.buildPipeline();
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([Match.objectLike({
        Action: Match.arrayWith(['cloudfront:CreateInvalidation']),
        Resource: [{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::111122223333:distribution/*']] }],
      })]),
    },
  });
});

test('with a distribution of the app itself, it may invalidate that one', () => {
  // GIVEN
  const { app, stack, pipeline } = givenCdkPipeline();
  const distribution = givenDistribution(new Stack(app, 'Website', { env: ENV }));

  // WHEN
  pipeline.addWave('Everywhere', { post: [new CloudFrontInvalidationStep('Invalidate', { distribution })] });

  // THEN
  pipeline.buildPipeline();
  expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toContain('distribution/*');
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['cloudfront:CreateInvalidation']) })]) },
  });
});

test('with a distribution tenant', () => {
  const { app, stack, pipeline } = givenCdkPipeline();
  const distributionTenant = givenDistributionTenant(new Stack(app, 'Website', { env: ENV }));
  pipeline.addWave('Everywhere', { post: [new CloudFrontInvalidationStep('Invalidate', { distributionTenant })] });
  pipeline.buildPipeline();
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['cloudfront:CreateInvalidationForDistributionTenant']) })]) },
  });
});

describe('in another account', () => {
  const WEBSITE_ENV = { account: '444455556666', region: 'us-east-1' };

  function givenWebsiteElsewhere(app: App, invalidationFunction: CloudFrontInvalidationFunction, roleName?: string) {
    const stage = new Stage(app, 'Production', { env: WEBSITE_ENV });
    const website = new Stack(stage, 'Website');
    const distribution = givenDistribution(website);
    return {
      stage,
      website,
      distributionIdOutput: new CfnOutput(website, 'DistributionId', { value: distribution.distributionId }),
      distributionRole: new CloudFrontInvalidationRole(website, 'InvalidationRole', { distribution, assumedBy: invalidationFunction, roleName }),
    };
  }

  test('the function may assume the role of the deployed stage, which trusts it, and may invalidate nothing by itself', () => {
    // GIVEN
    const { app, stack, pipeline } = givenCdkPipeline({ crossAccountKeys: true });
    const invalidationFunction = new CloudFrontInvalidationFunction(stack, 'InvalidationFunction');
    const { stage, website, distributionIdOutput, distributionRole } = givenWebsiteElsewhere(app, invalidationFunction, 'invalidate-website');

    // WHEN
    pipeline.addStage(stage, {
      post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, distributionRole, function: invalidationFunction })],
    });

    // THEN
    const assembly = app.synth();
    const template = Template.fromJSON(assembly.getStackArtifact(stack.artifactId).template);
    const roleArn = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::444455556666:role/invalidate-website']] };
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: [roleArn] }]) },
    });
    expect(JSON.stringify(template.toJSON())).not.toContain('cloudfront:');
    const [functionRole] = Object.values(template.findResources('AWS::IAM::Role', { Properties: { Description: Match.stringLikeRegexp('Invalidates') } }));
    Template.fromJSON(assembly.getNestedAssembly('assembly-Production').getStackArtifact(website.artifactId).template).hasResourceProperties('AWS::IAM::Role', {
      RoleName: 'invalidate-website',
      AssumeRolePolicyDocument: {
        Statement: [{ Principal: { AWS: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:iam::111122223333:role/${functionRole.Properties.RoleName}`]] } } }],
      },
    });
    expect(functionRole.Properties.RoleName).toEqual(expect.any(String));
  });

  test('a role without a name is refused: the stage is synthesised before the pipeline, which could not know it', () => {
    const { app, stack, pipeline } = givenCdkPipeline({ crossAccountKeys: true });
    const { stage, distributionIdOutput, distributionRole } = givenWebsiteElsewhere(app, new CloudFrontInvalidationFunction(stack, 'InvalidationFunction'));
    pipeline.addStage(stage, { post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, distributionRole })] });
    expect(() => pipeline.buildPipeline()).toThrow("distributionRole must have a roleName, since 'Production/Website/InvalidationRole' is deployed by another Stage");
  });
});

test('two steps of one name in different stages, and two in one wave, do not collide', () => {
  // GIVEN
  const { app, stack, pipeline } = givenCdkPipeline();
  const step = (website: WebsiteStage) => new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: website.distributionIdOutput });

  // WHEN
  const [staging, ...others] = ['Staging', 'Europe', 'America'].map(id => new WebsiteStage(app, id));
  pipeline.addStage(staging, { post: [step(staging)] });
  const wave = pipeline.addWave('Production');
  others.forEach(website => wave.addStage(website, { post: [step(website)] }));

  // THEN
  expect(invalidationsOf(stack).map(({ stage, name }) => `${stage}/${name}`)).toEqual(['Staging/Invalidate', 'Production/Europe.Invalidate', 'Production/America.Invalidate']);
  expect(new Set(invalidationsOf(stack).map(({ parameters }) => parameters.distributionId)).size).toBe(3);
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Runtime: 'nodejs24.x' });
});

test('every option of the action', () => {
  const { app, stack, pipeline } = givenCdkPipeline({ crossAccountKeys: true, selfMutation: true });
  const website = new WebsiteStage(app, 'Production');
  pipeline.addStage(website, {
    post: [new CloudFrontInvalidationStep('Invalidate', {
      distributionIdOutput: website.distributionIdOutput,
      paths: InvalidationPaths.of('/a'),
      waitForCompletion: false,
      timeout: Duration.minutes(1),
      failurePolicy: InvalidationFailurePolicy.WARN,
    })],
  });
  expect(invalidationsOf(stack)[0].parameters).toMatchObject({ paths: ['/a'], waitForCompletion: false, timeoutSeconds: 60, failurePolicy: 'WARN' });
  expect(stagesOf(stack).map(({ Name }) => Name)).toContain('UpdatePipeline');
});

test('none of the three, and two of them', () => {
  const { app } = givenCdkPipeline();
  const { distributionIdOutput } = new WebsiteStage(app, 'Production');
  const distribution = givenDistribution(new Stack(app, 'Website'));
  const message = "exactly one of distributionIdOutput, distribution and distributionTenant must be given to the step 'Invalidate'";
  expect(() => new CloudFrontInvalidationStep('Invalidate', {})).toThrow(message);
  expect(() => new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, distribution })).toThrow(message);
});

test('paths that come from an artifact are refused: CDK Pipelines has none with a website in it', () => {
  const { app } = givenCdkPipeline();
  const { distributionIdOutput } = new WebsiteStage(app, 'Production');
  const paths = InvalidationPaths.changedFiles(new Artifact('site'));
  expect(() => new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, paths }))
    .toThrow("paths of the step 'Invalidate' must be InvalidationPaths.all() or of()");
});

describe('an output of another account', () => {
  function addStep(distributionRole?: iam.IRole): Stack {
    const { app, stack, pipeline } = givenCdkPipeline({ crossAccountKeys: true });
    const website = new WebsiteStage(app, 'Production', { account: '444455556666', region: 'eu-west-1' });
    pipeline.addStage(website, { post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: website.distributionIdOutput, distributionRole })] });
    pipeline.buildPipeline();
    return stack;
  }

  test('needs a role of that account', () => {
    expect(() => addStep()).toThrow("distributionRole must be given, since distributionIdOutput 'Production/Website/DistributionId' belongs to account 444455556666, " +
      'and the pipeline to account 111122223333: pass a role of account 444455556666, such as a CloudFrontInvalidationRole with a roleName');
  });

  test('is fine with one', () => {
    const role = iam.Role.fromRoleArn(new Stack(), 'Role', 'arn:aws:iam::444455556666:role/invalidate-website');
    expect(invalidationsOf(addStep(role))[0].parameters.distributionRole).toMatchObject({ arn: role.roleArn });
  });
});
