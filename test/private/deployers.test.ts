import { App, CfnCondition, Fn, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { PipelineProject } from 'aws-cdk-lib/aws-codebuild';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import {
  CloudFormationCreateUpdateStackAction, CodeBuildAction, CodeBuildActionType, LambdaInvokeAction, ManualApprovalAction,
  S3DeployAction, S3SourceAction,
} from 'aws-cdk-lib/aws-codepipeline-actions';
import { Function } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationStage, InvalidationPaths, type ChangedFilesOptions } from '../../src';
import { stagesOf } from '../expect';
import { givenDistribution, givenStack } from '../given';

/** The parts that real pipelines are made of. */
class Parts {
  readonly source = new codepipeline.Artifact('source');
  readonly site = new codepipeline.Artifact('site');

  constructor(private readonly stack: Stack) {}

  get sourceAction() {
    const bucket = new Bucket(this.stack, 'Source', { versioned: true });
    return new S3SourceAction({ actionName: 'Source', bucket, bucketKey: 'source.zip', output: this.source });
  }

  codeBuild(actionName: string, props: { input?: codepipeline.Artifact; outputs?: codepipeline.Artifact[]; type?: CodeBuildActionType }) {
    return new CodeBuildAction({ actionName, project: new PipelineProject(this.stack, `${actionName}Project`), input: this.source, ...props });
  }

  invoke(actionName: string, input: codepipeline.Artifact) {
    return new LambdaInvokeAction({ actionName, inputs: [input], lambda: Function.fromFunctionName(this.stack, actionName, actionName) });
  }

  s3Deploy(actionName: string) {
    return new S3DeployAction({ actionName, bucket: new Bucket(this.stack, `${actionName}Bucket`), input: this.site });
  }
}

function givenPipeline(stack: Stack, stages: Record<string, codepipeline.IAction[]>): codepipeline.Pipeline {
  return new codepipeline.Pipeline(stack, 'Pipeline', {
    pipelineType: codepipeline.PipelineType.V2,
    crossAccountKeys: false,
    stages: Object.entries(stages).map(([stageName, actions]) => ({ stageName, actions })),
  });
}

function deployedBy(stack: Stack): string[] {
  const [action] = stagesOf(stack).at(-1)!.Actions;
  const parts = (action.Configuration.UserParameters as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1];
  const { paths } = JSON.parse(parts.map(part => typeof part === 'string' ? part : 'X').join('')) as { paths: { changedFiles: { deployedBy: string[] } } };
  return paths.changedFiles.deployedBy;
}

describe('who deploys, where nobody says so', () => {
  test.each<[string, (parts: Parts) => Record<string, codepipeline.IAction[]>, string[]]>([
    ['the S3 deploy action; a build that fails has deployed nothing', parts => ({
      Source: [parts.sourceAction], Build: [parts.codeBuild('Build', { outputs: [parts.site] })], Deploy: [parts.s3Deploy('Website')],
    }), ['Deploy.Website']],
    ['several deploy actions', parts => ({
      Source: [parts.sourceAction], Build: [parts.codeBuild('Build', { outputs: [parts.site] })], Deploy: [parts.s3Deploy('Pages'), parts.s3Deploy('Assets')],
    }), ['Deploy.Assets', 'Deploy.Pages']],
    ['one action that builds, deploys and outputs what it has built', parts => ({
      Source: [parts.sourceAction], BuildAndDeploy: [parts.codeBuild('Sync', { outputs: [parts.site] })],
    }), ['BuildAndDeploy.Sync']],
    ['a build that deploys what another one outputs, which may deploy, too', parts => ({
      Source: [parts.sourceAction], Build: [parts.codeBuild('Build', { outputs: [parts.site] })], Deploy: [parts.codeBuild('Sync', { input: parts.site })],
    }), ['Build.Build', 'Deploy.Sync']],
    ['a build beside a deploy action that may have the artifact for its template', parts => ({
      Source: [parts.sourceAction],
      Build: [parts.codeBuild('Build', { outputs: [parts.site] })],
      Deploy: [
        new CloudFormationCreateUpdateStackAction({ actionName: 'Infrastructure', stackName: 'Website', adminPermissions: false, templatePath: parts.site.atPath('template.json') }),
        parts.codeBuild('Sync', { input: parts.site }),
      ],
    }), ['Deploy.Infrastructure', 'Deploy.Sync']],
    ['no tests, no approvals and no sources', parts => ({
      Source: [parts.sourceAction],
      Build: [parts.codeBuild('Build', { outputs: [parts.site] })],
      Test: [parts.codeBuild('Links', { input: parts.site, type: CodeBuildActionType.TEST }), new ManualApprovalAction({ actionName: 'Approve' })],
      Deploy: [parts.s3Deploy('Website')],
    }), ['Deploy.Website']],
  ])('%s', (_, stages, names) => {
    const stack = givenStack();
    const parts = new Parts(stack);
    const pipeline = givenPipeline(stack, stages(parts));
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), paths: InvalidationPaths.changedFiles(parts.site) });
    expect(deployedBy(stack)).toEqual(names);
  });

  test('a deploy action that is added later counts', () => {
    const stack = givenStack();
    const parts = new Parts(stack);
    const pipeline = givenPipeline(stack, { Source: [parts.sourceAction], Build: [parts.codeBuild('Build', { outputs: [parts.site] })], Deploy: [parts.s3Deploy('Pages')] });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), paths: InvalidationPaths.changedFiles(parts.site) });
    pipeline.stages[2].addAction(parts.s3Deploy('Assets'));
    expect(deployedBy(stack)).toEqual(['Deploy.Assets', 'Deploy.Pages']);
  });

  test('another invalidation that reads the same artifact deploys nothing', () => {
    const stack = givenStack();
    const parts = new Parts(stack);
    const pipeline = givenPipeline(stack, { Source: [parts.sourceAction], Sync: [parts.codeBuild('Sync', { outputs: [parts.site] })] });
    const paths = InvalidationPaths.changedFiles(parts.site);
    const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), paths });
    stage.addInvalidation({ distribution: givenDistribution(stack, 'Assets'), paths });
    expect(deployedBy(stack)).toEqual(['Sync.Sync']);
  });
});

describe('an artifact that nobody deploys as a site', () => {
  type Stages = (parts: Parts) => Record<string, codepipeline.IAction[]>;

  function synthesized(stages: Stages, artifactOf: (parts: Parts) => codepipeline.Artifact, options: ChangedFilesOptions = {}): Stack {
    const stack = givenStack();
    const parts = new Parts(stack);
    const pipeline = givenPipeline(stack, stages(parts));
    const paths = InvalidationPaths.changedFiles(artifactOf(parts), options);
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), paths });
    return stack;
  }

  function warningsOf(stack: Stack): string[] {
    return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(':deployedArtifact\\]')).map(({ entry }) => String(entry.data));
  }

  const template = codepipeline.Artifact.artifact('template');
  const infrastructure = (input: codepipeline.Artifact) => new CloudFormationCreateUpdateStackAction({
    actionName: 'Infrastructure', stackName: 'Website', adminPermissions: false, templatePath: input.atPath('template.json'),
  });

  describe('is refused if only CloudFormation takes it', () => {
    const stages: Stages = parts => ({
      Source: [parts.sourceAction],
      Build: [parts.codeBuild('Build', { outputs: [parts.site, template] })],
      Deploy: [infrastructure(template), parts.s3Deploy('Website')],
    });

    test('with what to do', () => {
      const stack = synthesized(stages, () => template);
      expect(() => (stack.node.root as App).synth()).toThrow("changedFiles must use an artifact that an action of the pipeline deploys, got 'template': only actions that deploy stacks or " +
        "update the pipeline take it ('Deploy.Infrastructure'). Pass the artifact that the action takes which copies the site (in CDK Pipelines, the FileSet that is the input of its " +
        'ShellStep), or name in deployedBy the action that deploys this one. If a stack deploys the site, use InvalidationPaths.all().');
    });

    test.each(['Build.Build', 'Deploy.Infrastructure'])('but not if the user says that %s deploys it', name => {
      expect(deployedBy(synthesized(stages, () => template, { deployedBy: [name] }))).toEqual([name]);
    });

    test('and not if a build takes it as well', () => {
      const stack = synthesized(parts => ({
        Source: [parts.sourceAction], Deploy: [infrastructure(parts.source), parts.codeBuild('Sync', {})],
      }), ({ source }) => source);
      expect(deployedBy(stack)).toEqual(['Deploy.Infrastructure', 'Deploy.Sync']);
      expect(warningsOf(stack)).toEqual([]);
    });
  });

  const warningOf = (made: string, taker: string) => `changedFiles compares the files of 'source', but 'Build.Build' takes it and outputs '${made}', which '${taker}' takes. If '${taker}' deploys the ` +
    `site, old pages stay in the cache. Pass '${made}' to changedFiles (in CDK Pipelines, its FileSet to changedFilesOf), or name in deployedBy the actions that deploy 'source' itself. ` +
    '[ack: cdk-cloudfront-invalidation-stage:deployedArtifact]';

  test.each<[string, Stages, string]>([
    ['an S3 deploy action', parts => ({
      Source: [parts.sourceAction], Build: [parts.codeBuild('Build', { outputs: [template, parts.site] })], Deploy: [infrastructure(template), parts.s3Deploy('Website')],
    }), 'Deploy.Website'],
    ['another build', parts => ({
      Source: [parts.sourceAction], Build: [parts.codeBuild('Build', { outputs: [parts.site] })], Deploy: [parts.codeBuild('Sync', { input: parts.site })],
    }), 'Deploy.Sync'],
    ['an S3 deploy action beside a test that is a build', parts => ({
      Source: [parts.sourceAction],
      Build: [parts.codeBuild('Lint', {}), parts.codeBuild('Build', { outputs: [parts.site] })],
      Deploy: [parts.codeBuild('Links', { input: parts.site }), parts.s3Deploy('Website')],
    }), 'Deploy.Website'],
    ['an S3 deploy action, while the source has the template as well', parts => ({
      Source: [parts.sourceAction],
      Build: [parts.codeBuild('Build', { outputs: [parts.site] })],
      Deploy: [infrastructure(parts.source), parts.s3Deploy('Website')],
    }), 'Deploy.Website'],
  ])('is warned about if a build puts out what is deployed, by %s', (_, stages, taker) => {
    const stack = synthesized(stages, ({ source }) => source);
    expect(warningsOf(stack)).toEqual([warningOf('site', taker)]);
  });

  const report = codepipeline.Artifact.artifact('report');

  test.each<[string, Stages, (parts: Parts) => codepipeline.Artifact, ChangedFilesOptions]>([
    ['a build in a stage with a name that CDK Pipelines gives to one', parts => ({
      Source: [parts.sourceAction], Build: [parts.codeBuild('Build', { outputs: [parts.site] })], Assets: [parts.codeBuild('Sync', { input: parts.site })],
    }), ({ site }) => site, {}],
    ['a build that deploys and puts out nothing', parts => ({ Source: [parts.sourceAction], Build: [parts.codeBuild('Sync', {})] }), ({ source }) => source, {}],
    ['a build that deploys and puts out a report that nobody takes', parts => ({
      Source: [parts.sourceAction], Build: [parts.codeBuild('Sync', { outputs: [report] })],
    }), ({ source }) => source, {}],
    ['a build that deploys and hands something on to a test', parts => ({
      Source: [parts.sourceAction],
      Build: [parts.codeBuild('Sync', { outputs: [report] })],
      Test: [parts.codeBuild('Links', { input: report, type: CodeBuildActionType.TEST }), parts.invoke('Notify', report)],
    }), ({ source }) => source, {}],
    ['a build that deploys and puts out a template', parts => ({
      Source: [parts.sourceAction], Build: [parts.codeBuild('Sync', { outputs: [template] })], Deploy: [infrastructure(template)],
    }), ({ source }) => source, {}],
    ['an S3 deploy action beside a test that is a build and puts out a report that is deployed', parts => ({
      Source: [parts.sourceAction],
      Build: [parts.codeBuild('Build', { outputs: [parts.site] })],
      Deploy: [parts.s3Deploy('Website'), parts.codeBuild('Links', { input: parts.site, outputs: [report] })],
      Report: [parts.codeBuild('PublishReport', { input: report })],
    }), ({ site }) => site, {}],
    ['a build that deploys and puts out what it has built', parts => ({
      Source: [parts.sourceAction], Build: [parts.codeBuild('Sync', { outputs: [parts.site] })],
    }), ({ site }) => site, {}],
    ['who deploys is named', parts => ({
      Source: [parts.sourceAction], Build: [parts.codeBuild('Build', { outputs: [parts.site] })], Deploy: [parts.s3Deploy('Website')],
    }), ({ source }) => source, { deployedBy: ['Build.Build'] }],
  ])('no alarm: %s', (_, stages, artifactOf, options) => {
    const stack = synthesized(stages, artifactOf, options);
    expect(() => (stack.node.root as App).synth()).not.toThrow();
    expect(warningsOf(stack)).toEqual([]);
  });
});

const ACTION = { actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' }, inputArtifacts: [{ name: 'site' }] };

test('a plain CloudFormation pipeline, also where a stage is within an Fn::If', () => {
  const stack = givenStack();
  const condition = new CfnCondition(stack, 'IsProduction', { expression: Fn.conditionEquals('a', 'a') });
  const pipeline = new codepipeline.CfnPipeline(stack, 'Cfn', {
    roleArn: 'arn:aws:iam::111122223333:role/pipeline',
    artifactStore: { type: 'S3', location: 'artifacts' },
    stages: [
      { name: 'Staging', actions: [{ name: 'Website', ...ACTION }] },
      Fn.conditionIf(condition.logicalId, {
        Name: 'Production',
        Actions: [{ Name: 'Website', ActionTypeId: { Category: 'Deploy', Owner: 'AWS', Provider: 'S3', Version: '1' }, InputArtifacts: [{ Name: 'site' }] }],
      }, { Ref: 'AWS::NoValue' }),
    ],
  });
  new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline, distribution: givenDistribution(stack), paths: InvalidationPaths.changedFiles(codepipeline.Artifact.artifact('site')),
  });
  expect(deployedBy(stack)).toEqual(['Production.Website', 'Staging.Website']);
});

describe('deployedBy', () => {
  const synthesize = (options: ChangedFilesOptions, artifact?: codepipeline.Artifact) => {
    const stack = givenStack();
    const parts = new Parts(stack);
    const pipeline = givenPipeline(stack, {
      Source: [parts.sourceAction],
      Build: [parts.codeBuild('Build', { outputs: [parts.site] }), parts.codeBuild('Lint', {})],
      Staging: [parts.s3Deploy('Staging')],
      Production: [parts.s3Deploy('Website')],
    });
    new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline, distribution: givenDistribution(stack), paths: InvalidationPaths.changedFiles(artifact ?? parts.site, options),
    });
    return stack;
  };

  test('says who deploys to this distribution', () => {
    expect(deployedBy(synthesize({ deployedBy: ['Production.Website'] }))).toEqual(['Production.Website']);
  });

  test('has a part in what is compared: its order has not', () => {
    expect(deployedBy(synthesize({ deployedBy: ['Staging.Staging', 'Production.Website', 'Staging.Staging'] }))).toEqual(['Production.Website', 'Staging.Staging']);
  });

  test.each([
    ['Production.Site', "deployedBy must name actions that have the artifact 'site' as an input or output, got 'Production.Site', but the pipeline has no such action " +
      "(actions with this artifact: 'Build.Build', 'Staging.Staging', 'Production.Website', 'InvalidateCloudFrontCache.InvalidateDistribution')"],
    ['Build.Lint', "got 'Build.Lint', which does not have it (actions with this artifact: "],
  ])('%s cannot be right', (name, message) => {
    const stack = synthesize({ deployedBy: [name] });
    expect(() => (stack.node.root as App).synth()).toThrow(message);
  });

  test('is needed where no action is known to deploy', () => {
    const stack = givenStack();
    const parts = new Parts(stack);
    const pipeline = givenPipeline(stack, { Source: [parts.sourceAction], Build: [parts.codeBuild('Build', {})] });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), paths: InvalidationPaths.changedFiles(parts.source) });
    // A build that takes the source may deploy it.
    expect(deployedBy(stack)).toEqual(['Build.Build']);

    const other = givenStack();
    const otherParts = new Parts(other);
    const otherPipeline = givenPipeline(other, { Source: [otherParts.sourceAction], Approve: [new ManualApprovalAction({ actionName: 'Approve' })] });
    new CloudFrontInvalidationStage(other, 'Invalidate', {
      pipeline: otherPipeline, distribution: givenDistribution(other), paths: InvalidationPaths.changedFiles(otherParts.source),
    });
    expect(() => (other.node.root as App).synth()).toThrow("changedFiles must use an artifact that an action of the pipeline deploys, got 'source': no action may deploy it " +
      "(actions with this artifact: 'Source.Source', 'InvalidateCloudFrontCache.InvalidateDistribution'). Pass the artifact that the deploy action takes");
  });
});

test('a function in another Region would ask there for the history', () => {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const other = new Stack(app, 'Other', { env: { account: '111122223333', region: 'us-east-1' } });
  const parts = new Parts(stack);
  const pipeline = givenPipeline(stack, { Source: [parts.sourceAction], Sync: [parts.codeBuild('Sync', { outputs: [parts.site] })] });
  expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline,
    distribution: givenDistribution(stack),
    function: new CloudFrontInvalidationFunction(other, 'Fn', { functionName: 'invalidate' }),
    paths: InvalidationPaths.changedFiles(parts.site),
  })).toThrow('function must be in the pipeline\'s Region for InvalidationPaths.changedFiles, because it reads the history of \'Stack/Pipeline\' there, ' +
    'got a function in us-east-1 and a pipeline in eu-west-1: leave function out, or create one in eu-west-1');
});
