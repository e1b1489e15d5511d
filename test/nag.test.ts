import { App, Aspects, Stack } from 'aws-cdk-lib';
import * as nag from 'cdk-nag';
import { acknowledgedWith, ANSWERS, decisionsAbout, givenFunction, givenStage, linesOf, STAGES } from './given-nag';

const PACKS = [
  nag.AwsSolutionsChecks, nag.HIPAASecurityChecks, nag.NIST80053R4Checks, nag.NIST80053R5Checks, nag.PCIDSS321Checks, nag.ServerlessChecks,
];

/** What all of cdk-nag's packs say about our own resources. */
function judged(fill: (stack: Stack) => void): { findings: string[]; acknowledged: string[] } {
  const findings = new Set<string>();
  const acknowledged = new Set<string>();
  const add = (lines: Set<string>) => ({ resource, ruleId, findingId }: nag.NagLoggerBaseData & { findingId?: string }) =>
    linesOf(resource.node.path, findingId ? `${ruleId}[${findingId}]` : ruleId).forEach(line => lines.add(line));
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
  fill(new Stack(app, 'Stack'));
  PACKS.forEach(Pack => Aspects.of(app).add(new Pack({ reports: false, additionalLoggers: [logger] })));
  app.synth();
  return { findings: [...findings].sort(), acknowledged: [...acknowledged].sort() };
}

test.each(STAGES)('cdk-nag 2 finds nothing in a stage with %s that is not acknowledged with a reason', (_, optionsFor, expected) => {
  const { findings, acknowledged } = judged(stack => givenStage(stack, optionsFor));
  expect(findings).toEqual([]);
  expect(acknowledged).toEqual([...expected, ...decisionsAbout()].sort());
});

test.each(ANSWERS)('%s is answered with %s, not with a reason', (rule, prop, propsFor) => {
  const { findings, acknowledged } = judged(stack => givenFunction(stack, propsFor(stack)));
  expect(findings).toEqual([]);
  expect(acknowledged).toEqual([
    ...acknowledgedWith(prop), ...decisionsAbout('Stack/InvalidationFunction').filter(line => !line.endsWith(rule)),
  ].sort());
});
