import type { Stack } from 'aws-cdk-lib';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { givenDistribution, givenPipeline } from './given';
import {
  CloudFrontInvalidationFunction,
  CloudFrontInvalidationStage,
  InvalidationPaths,
  type CloudFrontInvalidationFunctionProps,
  type CloudFrontInvalidationStageProps,
} from '../src';

const FUNCTION = 'Stack/CloudFrontInvalidationFunction';
const ACTION = 'Stack/Pipeline/InvalidateCloudFrontCache/InvalidateDistribution/CodePipelineActionRole';

/** Rules that are the user's to decide on, wherever there is a function. */
export function decisionsAbout(path = FUNCTION): string[] {
  return [
    `${path}/Function/Resource LambdaConcurrency`,
    `${path}/Function/Resource LambdaDLQ`,
    `${path}/Function/Resource LambdaInsideVPC`,
    `${path}/Function/Resource LambdaTracing`,
    `${path}/LogGroup/Resource CloudWatchLogGroupEncrypted`,
  ];
}

/** What is acknowledged wherever there is a stage. */
const ALWAYS = [
  `${FUNCTION}/Role/DefaultPolicy/Resource IAMNoInlinePolicy`,
  `${FUNCTION}/Role/DefaultPolicy/Resource IAM5 Resource::*`,
  `${ACTION}/DefaultPolicy/Resource IAMNoInlinePolicy`,
];

/** What is acknowledged where an artifact is read, too. */
const WITH_ARTIFACT = [
  `${FUNCTION}/Role/DefaultPolicy/Resource IAM5 Resource::<Bucket>/*`,
  `${ACTION}/DefaultPolicy/Resource IAM5 Action::s3:GetBucket*`,
  `${ACTION}/DefaultPolicy/Resource IAM5 Action::s3:GetObject*`,
  `${ACTION}/DefaultPolicy/Resource IAM5 Action::s3:List*`,
  `${ACTION}/DefaultPolicy/Resource IAM5 Resource::<Bucket>/*`,
];

type OptionsFor = (stack: Stack) => Partial<CloudFrontInvalidationStageProps>;

/** Stages, and what is acknowledged in each: the resource, the rule, and which part of it. */
export const STAGES: [name: string, optionsFor: OptionsFor, acknowledged: string[]][] = [
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
      `${FUNCTION}/Role/DefaultPolicy/Resource IAM5 Resource::arn:<AWS::Partition>:cloudfront::<AWS::AccountId>:distribution/*`,
    ],
  ],
];

export function givenStage(stack: Stack, optionsFor: OptionsFor): void {
  new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution: givenDistribution(stack), ...optionsFor(stack) });
}

/** The table of docs/cdk-nag.md: which property answers which rule. */
export const ANSWERS: [rule: string, prop: string, propsFor: (stack: Stack) => CloudFrontInvalidationFunctionProps][] = [
  ['LambdaInsideVPC', 'vpc', stack => ({ vpc: new Vpc(stack, 'Vpc') })],
  ['LambdaDLQ', 'deadLetterQueue', stack => ({ deadLetterQueue: new Queue(stack, 'DeadLetters') })],
  ['LambdaConcurrency', 'reservedConcurrentExecutions', () => ({ reservedConcurrentExecutions: 5 })],
  ['LambdaTracing', 'tracing', () => ({ tracing: Tracing.ACTIVE })],
  ['CloudWatchLogGroupEncrypted', 'logGroup', stack => ({
    logGroup: new LogGroup(stack, 'Log', { encryptionKey: new Key(stack, 'Key'), retention: RetentionDays.ONE_MONTH }),
  })],
];

export function givenFunction(stack: Stack, props: CloudFrontInvalidationFunctionProps = {}): void {
  new CloudFrontInvalidationFunction(stack, 'InvalidationFunction', props);
}

/** What is acknowledged about a function without a stage, with a property set. */
export function acknowledgedWith(prop: string): string[] {
  const role = 'Stack/InvalidationFunction/Role';
  return [
    `${role}/DefaultPolicy/Resource IAM5 Resource::*`,
    `${role}/DefaultPolicy/Resource IAMNoInlinePolicy`,
    ...(prop === 'vpc' ? [`${role}/Resource IAM4 Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole`] : []),
  ];
}

/** A finding about our own resources in one line, whichever packs have it. Names of buckets are CDK's. */
export function linesOf(path: string, id: string): string[] {
  const [, rule, part = ''] = /^[\w.]+-([^[]+)(?:\[(.*)\])?$/.exec(id) ?? [];
  return /Invalidat/.test(path) ? [`${path} ${rule} ${part}`.replace(/<\w+\.Arn>/, '<Bucket>').trim()] : [];
}
