import { App, Aspects, Stack } from 'aws-cdk-lib';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as nag from 'cdk-nag';
import { givenDistribution, givenPipeline } from './given';
import { CloudFrontInvalidationStage, InvalidationPaths, type CloudFrontInvalidationStageProps } from '../src';

const PACKS = [
  nag.AwsSolutionsChecks, nag.HIPAASecurityChecks, nag.NIST80053R4Checks, nag.NIST80053R5Checks, nag.PCIDSS321Checks, nag.ServerlessChecks,
];

const FUNCTION = 'Stack/CloudFrontInvalidationFunction';
const ACTION = 'Stack/Pipeline/InvalidateCloudFrontCache/InvalidateDistribution/CodePipelineActionRole';

/** What is acknowledged wherever there is a stage. */
const ALWAYS = [
  `${FUNCTION}/Function/Resource LambdaConcurrency`,
  `${FUNCTION}/Function/Resource LambdaDLQ`,
  `${FUNCTION}/Function/Resource LambdaInsideVPC`,
  `${FUNCTION}/Function/Resource LambdaTracing`,
  `${FUNCTION}/LogGroup/Resource CloudWatchLogGroupEncrypted`,
  `${FUNCTION}/Role/DefaultPolicy/Resource IAMNoInlinePolicy`,
  `${FUNCTION}/Role/DefaultPolicy/Resource IAMNoWildcardPermissions Resource::*`,
  `${ACTION}/DefaultPolicy/Resource IAMNoInlinePolicy`,
];

/** What is acknowledged where an artifact is read, too. */
const WITH_ARTIFACT = [
  `${FUNCTION}/Role/DefaultPolicy/Resource IAMNoWildcardPermissions Resource::<Bucket>/*`,
  `${ACTION}/DefaultPolicy/Resource IAMNoWildcardPermissions Action::s3:GetBucket*`,
  `${ACTION}/DefaultPolicy/Resource IAMNoWildcardPermissions Action::s3:GetObject*`,
  `${ACTION}/DefaultPolicy/Resource IAMNoWildcardPermissions Action::s3:List*`,
  `${ACTION}/DefaultPolicy/Resource IAMNoWildcardPermissions Resource::<Bucket>/*`,
];

/** What all of cdk-nag's packs say about our own resources, each a line: the resource, the rule, and which part of it. */
function judged(optionsFor: (stack: Stack) => Partial<CloudFrontInvalidationStageProps>): { findings: string[]; acknowledged: string[] } {
  const findings = new Set<string>();
  const acknowledged = new Set<string>();
  const add = (lines: Set<string>) => ({ resource, ruleOriginalName, findingId = '' }: nag.NagLoggerBaseData & { findingId?: string }) => {
    if (resource.node.path.includes('Invalidat')) {
      lines.add(`${resource.node.path} ${ruleOriginalName} ${findingId}`.replace(/<\w+\.Arn>/, '<Bucket>').trim());
    }
  };
  const ignore = () => {};
  const logger: nag.INagLogger = {
    onCompliance: ignore,
    onNotApplicable: ignore,
    onSuppressedError: ignore,
    onError: add(findings),
    onNonCompliance: add(findings),
    onSuppressed: add(acknowledged),
  };
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Stack');
  new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution: givenDistribution(stack), ...optionsFor(stack) });
  PACKS.forEach(Pack => Aspects.of(app).add(new Pack({ reports: false, additionalLoggers: [logger] })));
  app.synth();
  return { findings: [...findings], acknowledged: [...acknowledged] };
}

test.each<[string, (stack: Stack) => Partial<CloudFrontInvalidationStageProps>, string[]]>([
  ['a distribution', () => ({}), ALWAYS],
  [
    'the paths of a manifest',
    () => ({ paths: InvalidationPaths.fromManifest(new codepipeline.Artifact('site').atPath('paths.json')) }),
    [...ALWAYS, ...WITH_ARTIFACT],
  ],
  [
    'the changed files of an artifact',
    () => ({ paths: InvalidationPaths.changedFiles(new codepipeline.Artifact('site'), { deployedBy: ['Source.Source'] }) }),
    [...ALWAYS, ...WITH_ARTIFACT],
  ],
  [
    'a distribution that a variable names',
    stack => ({
      distribution: Distribution.fromDistributionAttributes(stack, 'Named', { distributionId: '#{variables.id}', domainName: 'www.example.com' }),
    }),
    [
      ...ALWAYS.map(line => line.replace('InvalidateDistribution', 'InvalidateNamed')),
      `${FUNCTION}/Role/DefaultPolicy/Resource IAMNoWildcardPermissions Resource::arn:<AWS::Partition>:cloudfront::<AWS::AccountId>:distribution/*`,
    ],
  ],
])('cdk-nag finds nothing in a stage with %s that is not acknowledged with a reason', (_, optionsFor, expected) => {
  const { findings, acknowledged } = judged(optionsFor);
  expect(findings).toEqual([]);
  expect(acknowledged.sort()).toEqual([...expected].sort());
});
