import { Duration, Lazy, Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { stagesOf } from './expect';
import { givenDistribution, givenPipeline, givenStack } from './given';
import {
  CloudFrontInvalidationAction, CloudFrontInvalidationStage, CloudFrontInvalidationStep, FreshnessCheck, InvalidationPaths,
  type CloudFrontInvalidationOptions, type FreshnessCheckFilesOptions,
} from '../src';

const SITE = codepipeline.Artifact.artifact('site');
const URL = 'https://www.example.com/';

interface Synthesized {
  readonly stack: Stack;
  readonly parameters: Record<string, unknown>;
  readonly action: Record<string, unknown>;
}

/** A stage with these options, and its action as CloudFormation gets it, with an `X` for each reference. */
function synthesize(options: (stack: Stack) => Partial<CloudFrontInvalidationOptions>): Synthesized {
  const stack = givenStack();
  new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline: givenPipeline(stack, { crossAccountKeys: false }), distribution: givenDistribution(stack), ...options(stack),
  });
  const [action] = stagesOf(stack).at(-1)!.Actions;
  const text = action.Configuration.UserParameters as { 'Fn::Join': [string, unknown[]] };
  const parts = text['Fn::Join'][1].map(part => typeof part === 'string' ? part : 'X');
  return { stack, parameters: JSON.parse(parts.join('')), action: { ...action } };
}

describe('without a check', () => {
  test('the parameter is written all the same', () => {
    expect(synthesize(() => ({})).parameters.freshnessCheck).toBeNull();
  });

  test('nothing else is: no input, no permission for artifacts', () => {
    const { stack, action } = synthesize(() => ({}));
    expect(action).not.toHaveProperty('InputArtifacts');
    expect(JSON.stringify(policiesOfFunction(stack))).not.toContain('s3:');
  });
});

describe('files', () => {
  test('options that were left out are left out', () => {
    const { parameters } = synthesize(() => ({ freshnessCheck: FreshnessCheck.files(SITE, { url: URL }) }));
    expect(parameters.freshnessCheck).toEqual({ files: { url: URL } });
  });

  test('all options', () => {
    const options: Required<FreshnessCheckFilesOptions> = {
      url: URL, maxPages: 50, include: ['**/*.html'], timeout: Duration.minutes(5), baseDirectory: 'dist', urlPath: 'docs', indexDocuments: ['index.htm'], stripExtensions: ['.html'],
    };
    const { timeout: _, ...others } = options;
    const { parameters } = synthesize(() => ({ freshnessCheck: FreshnessCheck.files(SITE, options) }));
    expect(parameters.freshnessCheck).toEqual({ files: { ...others, timeoutSeconds: 300 } });
  });

  test('the artifact becomes the input of the action, and the function may read it', () => {
    const { stack, action } = synthesize(() => ({ freshnessCheck: FreshnessCheck.files(SITE, { url: URL }) }));
    expect(action.InputArtifacts).toEqual([{ Name: 'site' }]);
    const [bucketId] = Object.keys(Template.fromStack(stack).findResources('AWS::S3::Bucket')).filter(id => id.includes('ArtifactsBucket'));
    expect(policiesOfFunction(stack)).toContainEqual({
      Action: 's3:GetObject', Effect: 'Allow', Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': [bucketId, 'Arn'] }, '/*']] },
    });
    expect(JSON.stringify(policiesOfFunction(stack))).not.toContain('ListActionExecutions');
  });

  test.each<[string, InvalidationPaths]>([
    ['the same artifact', InvalidationPaths.changedFiles(SITE, { deployedBy: ['Source.Source'] })],
    ['another object of its name', InvalidationPaths.fromManifest(codepipeline.Artifact.artifact('site').atPath('paths.txt'))],
  ])('paths may come from %s', (_, paths) => {
    expect(synthesize(() => ({ paths, freshnessCheck: FreshnessCheck.files(SITE, { url: URL }) })).action.InputArtifacts).toEqual([{ Name: 'site' }]);
  });

  test.each([codepipeline.Artifact.artifact('other'), new codepipeline.Artifact()])('not from another artifact: an action has one input', artifact => {
    const stack = givenStack();
    expect(() => new CloudFrontInvalidationAction({
      actionName: 'Invalidate', distribution: givenDistribution(stack), paths: InvalidationPaths.changedFiles(artifact), freshnessCheck: FreshnessCheck.files(SITE, { url: URL }),
    })).toThrow(/^freshnessCheck must use the same artifact as paths, because the action has only one input, got 'site' and .*: use FreshnessCheck\.pages\(\), or two actions$/);
  });

  test('without a name, two artifacts are not the same', () => {
    const stack = givenStack();
    expect(() => new CloudFrontInvalidationAction({
      actionName: 'Invalidate',
      distribution: givenDistribution(stack),
      paths: InvalidationPaths.changedFiles(new codepipeline.Artifact()),
      freshnessCheck: FreshnessCheck.files(new codepipeline.Artifact(), { url: URL }),
    })).toThrow('freshnessCheck must use the same artifact as paths');
  });

  test.each<[Partial<FreshnessCheckFilesOptions>, string]>([
    [{ url: 'http://www.example.com/' }, 'freshnessCheck must have URLs that start with \'https://\''],
    [{ url: 'https://www.example.com/?a=b' }, 'url must be the address of a site'],
    [{ maxPages: 0 }, 'maxPages must be a whole number from 1 to 50, got 0'],
    [{ timeout: Duration.seconds(0) }, 'timeout must be more than 0'],
    [{ timeout: Duration.hours(25) }, 'timeout must be more than 0 and at most 86400 seconds'],
    [{ include: [''] }, 'include must be a list of strings'],
    [{ baseDirectory: '../dist' }, 'baseDirectory must be a folder'],
    [{ include: ['#{variables.files}'] }, 'include must not contain a pipeline variable'],
  ])('%j is refused', (options, message) => {
    expect(() => FreshnessCheck.files(SITE, { url: URL, ...options })).toThrow(message);
  });

  test('a time-out of less than a second', () => {
    const { parameters } = synthesize(() => ({ freshnessCheck: FreshnessCheck.files(SITE, { url: URL, timeout: Duration.millis(1500) }) }));
    expect(parameters.freshnessCheck).toMatchObject({ files: { timeoutSeconds: 1.5 } });
  });
});

describe('pages', () => {
  test('each once', () => {
    const { parameters, action } = synthesize(() => ({ freshnessCheck: FreshnessCheck.pages(URL, `${URL}blog/?page=2`, URL) }));
    expect(parameters.freshnessCheck).toEqual({ pages: [URL, `${URL}blog/?page=2`] });
    expect(action).not.toHaveProperty('InputArtifacts');
  });

  test.each<[string[], string]>([
    [[], 'freshnessCheck must have 1 to 20 pages, got 0'],
    [Array.from({ length: 21 }, (_, index) => `https://a.example/${index}`), 'freshnessCheck must have 1 to 20 pages, got 21'],
    [[URL, 'www.example.com'], 'freshnessCheck must have URLs that start with \'https://\''],
  ])('%j is refused', (urls, message) => {
    expect(() => FreshnessCheck.pages(...urls)).toThrow(message);
  });
});

describe('a URL that is known later', () => {
  test('the domain name of the distribution', () => {
    const check = (stack: Stack) => ({ freshnessCheck: FreshnessCheck.pages(`https://${givenDistribution(stack, 'Other').distributionDomainName}/`) });
    expect(synthesize(check).parameters.freshnessCheck).toEqual({ pages: ['https://X/'] });
  });

  test('a whole token, and a list of them', () => {
    expect(() => FreshnessCheck.pages(Lazy.string({ produce: () => URL }))).not.toThrow();
    expect(() => FreshnessCheck.pages(...Token.asList({ Ref: 'Urls' }))).not.toThrow();
    expect(() => FreshnessCheck.files(SITE, { url: Lazy.string({ produce: () => URL }) })).not.toThrow();
  });

  test('a pipeline variable', () => {
    const { parameters } = synthesize(() => ({ freshnessCheck: FreshnessCheck.files(SITE, { url: 'https://#{variables.host}/' }) }));
    expect(parameters.freshnessCheck).toEqual({ files: { url: 'https://#{variables.host}/' } });
  });

  test('a time-out that is a token', () => {
    const timeout = Duration.seconds(Lazy.number({ produce: () => 90 }));
    expect(synthesize(() => ({ freshnessCheck: FreshnessCheck.files(SITE, { url: URL, timeout }) })).parameters.freshnessCheck)
      .toEqual({ files: { url: URL, timeoutSeconds: 90 } });
  });
});

test('nothing can be checked that is not waited for', () => {
  const stack = givenStack();
  expect(() => new CloudFrontInvalidationAction({
    actionName: 'Invalidate', distribution: givenDistribution(stack), waitForCompletion: false, freshnessCheck: FreshnessCheck.pages(URL),
  })).toThrow(/^freshnessCheck must not be combined with waitForCompletion: false, .* remove one of them$/);
});

describe('a step of CDK Pipelines', () => {
  const step = (stack: Stack, freshnessCheck: FreshnessCheck) =>
    new CloudFrontInvalidationStep('Invalidate', { distribution: givenDistribution(stack), freshnessCheck });

  test('checks pages', () => {
    const stack = givenStack();
    const pipeline = new pipelines.CodePipeline(stack, 'Pipeline', { synth: new pipelines.ShellStep('Synth', { input: pipelines.CodePipelineSource.gitHub('a/b', 'main'), commands: [] }) });
    pipeline.addWave('Wave', { pre: [step(stack, FreshnessCheck.pages(URL))] });
    pipeline.buildPipeline();
    const { Configuration } = stagesOf(stack).flatMap(({ Actions }) => Actions).find(({ Name }) => Name === 'Invalidate')!;
    expect(JSON.stringify(Configuration.UserParameters)).toContain(JSON.stringify(`"freshnessCheck":{"pages":["${URL}"]}`).slice(1, -1));
  });

  test('not files', () => {
    expect(() => step(givenStack(), FreshnessCheck.files(SITE, { url: URL })))
      .toThrow("freshnessCheck of the step 'Invalidate' must be FreshnessCheck.pages(), because CDK Pipelines chooses the artifacts");
  });
});

/** The statements of the role of the function. */
function policiesOfFunction(stack: Stack): object[] {
  const template = Template.fromStack(stack);
  const [{ Properties: { Role: { 'Fn::GetAtt': [roleId] } } }] = Object.values(template.findResources('AWS::Lambda::Function'));
  return Object.values(template.findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => Properties.Roles.some((role: { Ref: string }) => role.Ref === roleId))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
}
