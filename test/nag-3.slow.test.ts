import './given-newest-cdk';
import { readFileSync } from 'fs';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Artifact } from 'aws-cdk-lib/aws-codepipeline';
import { AccountRootPrincipal, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Validations } from 'aws-cdk-lib-newest';
import * as nag from 'cdk-nag-3';
import { acknowledgedWith, ANSWERS, decisionsAbout, givenFunction, givenStage, linesOf, STAGES } from './given-nag';
import { CloudFrontInvalidationFunction, InvalidationPaths } from '../src';

/** Every pack that cdk-nag has. */
const PACKS = Object.values(nag).filter((value): value is typeof nag.AwsSolutionsChecks =>
  typeof value === 'function' && value.prototype instanceof nag.NagPack);

interface Report {
  readonly pluginReports: { readonly pluginName: string; readonly violations: Violation[] }[];
}

interface Violation {
  readonly ruleName: string;
  readonly violatingConstructs: { readonly constructPath: string }[];
}

/** What cdk-nag reports of an app when it is synthesised, and what we acknowledged. */
function judged(fill: (stack: Stack) => void): { findings: string[]; acknowledged: string[]; packs: string[]; violations: Violation[] } {
  const app = new App({ analyticsReporting: false, context: { '@aws-cdk/core:failSynthOnValidationErrors': false } });
  fill(new Stack(app, 'Stack'));
  Validations.of(app).addPlugins(...PACKS.map(Pack => new Pack(app)));
  const { directory } = app.synth();
  const { pluginReports } = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as Report;
  const reports = pluginReports.filter(({ pluginName }) => PACKS.some(Pack => new Pack().name === pluginName));
  const violations = reports.flatMap(report => report.violations);
  const findings = violations.flatMap(({ ruleName, violatingConstructs }) =>
    violatingConstructs.flatMap(({ constructPath }) => linesOf(constructPath, ruleName)));
  const acknowledged = app.node.findAll().flatMap(({ node }) => node.metadata
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.keys(data as object)).flatMap(id => linesOf(node.path, id)));
  return { findings: sorted(findings), acknowledged: sorted(acknowledged), packs: reports.map(({ pluginName }) => pluginName), violations };
}

function sorted(lines: readonly string[]): string[] {
  return [...new Set(lines)].sort();
}

test('every pack of cdk-nag 3 is asked', () => {
  const { packs } = judged(stack => givenStage(stack, () => ({})));
  expect(packs).toEqual(['AwsSolutions', 'HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321', 'Serverless']);
});

test.each(STAGES)('cdk-nag 3 finds in a stage with %s only what is the user\'s to decide', (_, optionsFor, expected) => {
  const { findings, acknowledged } = judged(stack => givenStage(stack, optionsFor));
  expect(findings).toEqual(sorted(decisionsAbout()));
  expect(acknowledged).toEqual(sorted(expected));
});

test('what has its name only at the end is acknowledged by that name', () => {
  // GIVEN a function that refers to the bucket of another stack, whose logical id changes later
  const { findings, acknowledged } = judged(stack => {
    givenStage(stack, () => ({
      function: new CloudFrontInvalidationFunction(new Stack(stack.node.root as App, 'Functions'), 'InvalidationFunction'),
      paths: InvalidationPaths.changedFiles(new Artifact('site'), { deployedBy: ['Source.Source'] }),
    }));
    stack.node.findAll().filter(child => child instanceof CfnBucket).forEach(bucket => bucket.overrideLogicalId(`Renamed${bucket.node.addr}`));
  });

  // THEN
  expect(findings).toEqual(sorted(decisionsAbout('Functions/InvalidationFunction')));
  expect(acknowledged).toContainEqual(expect.stringMatching(/^Functions\/\S+ IAM5 Resource::Stack:ExportsOutputFnGetAttRenamed\w+\/\*$/));
});

test.each(ANSWERS)('%s is answered with %s', (rule, prop, propsFor) => {
  const { findings, acknowledged } = judged(stack => givenFunction(stack, propsFor(stack)));
  expect(findings).toEqual(sorted(decisionsAbout('Stack/InvalidationFunction').filter(line => !line.endsWith(rule))));
  expect(acknowledged).toEqual(sorted(acknowledgedWith(prop)));
});

test('a log is kept for a month, which is enough for every pack; one that is kept forever is not', () => {
  const { findings } = judged(stack => givenFunction(stack, { logRetention: RetentionDays.INFINITE }));
  expect(findings).toEqual(sorted([
    ...decisionsAbout('Stack/InvalidationFunction'), 'Stack/InvalidationFunction/LogGroup/Resource CloudWatchLogGroupRetentionPeriod',
  ]));
});

test('docs/cdk-nag.md has a line for each rule that is left to the user, with its property', () => {
  const lines = readFileSync(join(__dirname, '..', 'docs', 'cdk-nag.md'), 'utf8').split('\n').filter(line => /^\| `[A-Z]\w+` \|/.test(line));
  const answers = lines.map(line => line.split('|')).map(([, rule, , property]) => [rule, property].map(cell => /`(\w+)`/.exec(cell)?.[1]));
  expect(answers).toEqual([...ANSWERS.map(([rule, prop]) => [rule, prop]), ['CloudWatchLogGroupRetentionPeriod', 'logRetention']]);
});

test('what we acknowledge hides nothing of the user\'s own', () => {
  // GIVEN a policy of the user, in the same stack, with the same findings as ours
  const { violations } = judged(stack => {
    givenStage(stack, STAGES[0][1]);
    new Role(stack, 'Own', { assumedBy: new AccountRootPrincipal() })
      .addToPolicy(new PolicyStatement({ actions: ['codepipeline:PutJobSuccessResult'], resources: ['*'] }));
  });

  // THEN
  const found = violations.filter(({ violatingConstructs }) => violatingConstructs.some(({ constructPath }) => constructPath === 'Stack/Own/DefaultPolicy/Resource'));
  expect(found.map(({ ruleName }) => ruleName).sort()).toEqual([
    'AwsSolutions-IAM5[Resource::*]',
    'HIPAA.Security-IAMNoInlinePolicy', 'NIST.800.53.R4-IAMNoInlinePolicy', 'NIST.800.53.R5-IAMNoInlinePolicy', 'PCI.DSS.321-IAMNoInlinePolicy',
  ]);
});
