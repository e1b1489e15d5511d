import { CfnParameter, Duration, Fn, Lazy, Stack, Token, type App } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { ManualApprovalAction, S3DeployAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import * as fc from 'fast-check';
import {
  CloudFrontInvalidationStage, FreshnessCheck, InvalidationFailurePolicy, InvalidationPaths, MissingBaselineBehavior,
  type ChangedFilesOptions, type CloudFrontInvalidationOptions,
} from '../../src';
import { MAX_USER_PARAMETERS_LENGTH, PARAMETERS } from '../../src/contract';
import { parametersOf, toUserParameters } from '../../src/private/user-parameters';
import { givenDistributionTenant, givenPipeline, givenStack } from '../given';

const SITE = codepipeline.Artifact.artifact('site');

/** What an action with these options has as its `UserParameters`, with an `X` for each token. */
function userParameters(stack: Stack, options: CloudFrontInvalidationOptions): string {
  const { paths, ...parameters } = parametersOf(options);
  const known = { pipelineName: 'documentation-pipeline', stageName: 'InvalidateCloudFrontCache', actionName: 'InvalidateDocumentationDistribution' };
  const text: unknown = stack.resolve(toUserParameters(stack, {
    ...parameters, paths: 'changedFiles' in paths ? { changedFiles: { deployedBy: ['Deploy.Website'], ...paths.changedFiles, ...known } } : paths,
  }));
  const parts = typeof text === 'string' ? [text] : (text as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1];
  return parts.map(part => typeof part === 'string' ? part : 'X').join('');
}

function givenDistribution(stack: Stack): cloudfront.IDistribution {
  return cloudfront.Distribution.fromDistributionAttributes(stack, 'Imported', { distributionId: 'E2QWRUHEXAMPLE', domainName: 'd111111abcdef8.cloudfront.net' });
}

test('every parameter is written, of the two ids one, and the paths come last, so that a variable inside a path cannot add or change another', () => {
  const stack = givenStack();
  const [distribution, distributionTenant] = [givenDistribution(stack), givenDistributionTenant(stack)];
  const role = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111122223333:role/invalidate');
  const options = fc.record({
    distributionRole: fc.constant(role),
    waitForCompletion: fc.boolean(),
    timeout: fc.integer({ min: 1, max: 1440 }).map(minutes => Duration.minutes(minutes)),
    failurePolicy: fc.constantFrom(...Object.values(InvalidationFailurePolicy)),
    freshnessCheck: fc.constantFrom(FreshnessCheck.pages('https://#{a.b}/'), FreshnessCheck.files(SITE, { url: 'https://www.example.com/' })),
    paths: fc.constantFrom(InvalidationPaths.of('/#{a.b}'), InvalidationPaths.fromManifest(SITE.atPath('a.txt')), InvalidationPaths.changedFiles(SITE)),
  }, { requiredKeys: [] });
  fc.assert(fc.property(fc.boolean(), options, (isTenant, { waitForCompletion, ...rest }) => {
    const others = rest.freshnessCheck === undefined ? { ...rest, waitForCompletion } : rest;
    const written = userParameters(stack, { ...(isTenant ? { distributionTenant } : { distribution }), ...others });
    const absent = isTenant ? 'distributionId' : 'distributionTenantId';
    const names = Object.keys(JSON.parse(written) as object);
    expect(names).toEqual(Object.keys(PARAMETERS).filter(name => name !== absent));
    expect(names.pop()).toBe('paths');
  }));
});

describe('the budget of 1,000 characters', () => {
  /** Each option as long as a real site has it. */
  const ALL_OPTIONS: Required<ChangedFilesOptions> = {
    baseDirectory: 'website/build/output',
    urlPath: 'documentation/latest',
    indexDocuments: ['index.html', 'index.htm'],
    stripExtensions: ['.html', '.htm'],
    exclude: ['assets/**', 'static/**/*.map', '**/*.LICENSE.txt'],
    queryStrings: false,
    errorDocuments: ['404.html', 'errors/500.html'],
    deployedBy: ['DeployToProduction.DocumentationPages', 'DeployToProduction.DocumentationAssets'],
    maxPaths: 1000,
    onMissingBaseline: MissingBaselineBehavior.INVALIDATE_ALL,
  };

  test('the longest realistic combination fits', () => {
    const stack = givenStack();
    const text = userParameters(stack, {
      distribution: givenDistribution(stack),
      distributionRole: iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111122223333:role/websites/documentation-invalidation-role'),
      distributionRoleExternalId: 'documentation-pipeline',
      waitForCompletion: true,
      timeout: Duration.hours(24),
      freshnessCheck: FreshnessCheck.files(SITE, { url: 'https://documentation.example.com/', maxPages: 20, include: ['**/*.html'] }),
      paths: InvalidationPaths.changedFiles(SITE, ALL_OPTIONS),
    });
    process.stdout.write(`The longest realistic parameters: ${text.length} of ${MAX_USER_PARAMETERS_LENGTH} characters\n`);
    expect(text.length).toBeLessThanOrEqual(MAX_USER_PARAMETERS_LENGTH);
  });

  test.each<[string, (stack: Stack) => Partial<CloudFrontInvalidationOptions>, RegExp]>([
    ['paths', () => ({ paths: InvalidationPaths.of(...Array.from({ length: 100 }, (_, index) => `/blog/${index}`)) }),
      /^paths must fit into CodePipeline's 1000 characters .* with 100 paths, of which paths takes \d+\. Replace several paths .* InvalidationPaths\.fromManifest/],
    ['changedFiles', () => ({ paths: InvalidationPaths.changedFiles(SITE, { exclude: ['a'.repeat(950)] }) }),
      /^changedFiles must fit into CodePipeline's 1000 characters .* of which changedFiles takes \d+\. Use fewer or shorter patterns/],
    ['freshnessCheck', () => ({ freshnessCheck: FreshnessCheck.pages(`https://www.example.com/${'a'.repeat(900)}`) }),
      /^freshnessCheck must fit into CodePipeline's 1000 characters .* of which freshnessCheck takes \d+\. Use fewer or shorter pages/],
    ['distributionRole', stack => ({
      distributionRole: iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111122223333:role/r'), distributionRoleExternalId: 'x'.repeat(1_000),
    }), /^distributionRole must fit into CodePipeline's 1000 characters .* of which distributionRole takes \d+\. Use a shorter name/],
  ])('%s is blamed where it is what is long', (_, options, message) => {
    const stack = givenStack();
    expect(() => parametersOf({ distribution: givenDistribution(stack), ...options(stack) })).toThrow(message);
  });
});

describe('the budget of a complete pipeline, whose actions are part of the parameters of changedFiles', () => {
  const LONG = 'InvalidateDocumentationDistributionOfTheWholeCompany';

  /** A pipeline with as many further actions, some of which deploy the site. */
  function givenActions(deployments: number, others: number, nameOf = (number: number) => `DeployDocumentationTo${number}`) {
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    const bucket = Bucket.fromBucketName(stack, 'Bucket', 'site');
    new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline,
      distribution: givenDistribution(stack),
      paths: InvalidationPaths.changedFiles(SITE, { exclude: ['assets/**'], errorDocuments: ['404.html'] }),
    });
    for (let number = 0; number < deployments; number++) {
      pipeline.stages[1].addAction(new S3DeployAction({ actionName: nameOf(number), input: SITE, bucket }));
    }
    for (let number = 0; number < others; number++) {
      pipeline.stages[1].addAction(new ManualApprovalAction({ actionName: `Approve${number}` }));
    }
    return () => (stack.node.root as App).synth();
  }

  test.each([
    ['few', givenActions(8, 20), undefined],
    ['many that deploy', givenActions(22, 10), new RegExp("deployedBy must fit into CodePipeline's 1000 characters for an action's parameters, got 1\\d{3} characters, of which deployedBy " +
      'takes \\d{3} for 22 actions, the longest \'Approve\\.DeployDocumentationTo10\', .*\\. Shorten the names of these stages and actions, list in deployedBy only ' +
      'the actions that deploy to this distribution, or use InvalidationPaths\\.all\\(\\)')],
    ['few with long names', givenActions(8, 5, number => `${LONG}${LONG.slice(0, 40)}${number}`), /deployedBy must fit .* for 8 actions, the longest 'Approve\.Invalidate/],
    ['many that do not', givenActions(2, 230), /otherActions must fit .* got 1\d{3} characters, of which otherActions takes 7\d\d for 23\d actions\. Each action .* InvalidationPaths\.all\(\)/],
  ])('%s', (_, synthesize, message) => {
    if (message === undefined) {
      expect(synthesize).not.toThrow();
    } else {
      expect(synthesize).toThrow(message);
    }
  });

  test('in a CfnPipeline', () => {
    const stack = givenStack();
    const pipeline = new codepipeline.CfnPipeline(stack, 'Pipeline', {
      roleArn: 'arn:aws:iam::111122223333:role/pipeline',
      artifactStore: { type: 'S3', location: 'artifacts' },
      stages: [{
        name: 'Deploy',
        actions: Array.from({ length: 40 }, (_, index) => ({
          name: `DeployDocumentationTo${index}`,
          actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' },
          inputArtifacts: [{ name: 'site' }],
        })),
      }],
    });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), paths: InvalidationPaths.changedFiles(SITE) });
    expect(() => (stack.node.root as App).synth()).toThrow(/deployedBy must fit .* for 40 actions, the longest 'Deploy\.DeployDocumentationTo10'/);
  });

  test('a token counts as one character, whatever it is', () => {
    const stack = givenStack();
    const list = new CfnParameter(stack, 'Paths', { type: 'CommaDelimitedList' }).valueAsList;
    const text = 'a'.repeat(700);
    new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline: givenPipeline(stack),
      distribution: cloudfront.Distribution.fromDistributionAttributes(stack, 'D', { distributionId: Fn.importValue('x'.repeat(200)), domainName: 'd' }),
      timeout: Duration.seconds(Token.asNumber({ Ref: 'Timeout' })),
      paths: InvalidationPaths.of(`/${text}`, `/${Fn.select(0, Fn.split('x'.repeat(200), 'y'))}`, ...list),
    });
    expect(() => (stack.node.root as App).synth()).not.toThrow();
  });

  test('so does a name that only synthesis knows, with its whole length', () => {
    const stack = givenStack();
    const role = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::111122223333:role/r');
    new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline: givenPipeline(stack, { pipelineName: Lazy.string({ produce: () => 'p'.repeat(100) }) }),
      distribution: givenDistribution(stack),
      distributionRole: role,
      paths: InvalidationPaths.of(`/${'a'.repeat(740)}`),
    });
    expect(() => (stack.node.root as App).synth()).toThrow(/paths must fit into CodePipeline's 1000 characters .* got 10\d\d characters with 1 paths/);
  });
});
