import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { parse } from 'yaml';
import { exampleFile, expectCopyable, synthesized } from './given-example';
import { WebsiteStack } from '../../examples/plain-cloudformation/website-stack';
import { Sandbox } from '../../sandbox';

test('it can be copied', () => expectCopyable('plain-cloudformation'));

test('every resource of the template keeps its logical id and its type, and what is added is the function\'s', () => {
  const { ExistingWebsite: template } = synthesized('plain-cloudformation');
  const written = parse(exampleFile('plain-cloudformation', 'template.yaml'), { logLevel: 'silent' }).Resources as Record<string, { Type: string }>;
  const typesOf = (resources: typeof written) => Object.fromEntries(Object.entries(resources).map(([id, { Type }]) => [id, Type]));
  expect(typesOf(template.Resources)).toMatchObject(typesOf(written));
  expect(Object.entries(template.Resources).filter(([id]) => !(id in written)).map(([, { Type }]) => Type).filter(type => type !== 'AWS::CDK::Metadata').sort())
    .toEqual(['AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::Lambda::Function', 'AWS::Lambda::Permission', 'AWS::Logs::LogGroup']);
});

test('the stage follows the deployment, and invalidates the template\'s distribution', () => {
  const template = Template.fromStack(new WebsiteStack(new App({ analyticsReporting: false }), 'ExistingWebsite'));
  const { Stages } = template.toJSON().Resources.Pipeline.Properties;
  expect(Stages.map(({ Name }: { Name: string }) => Name)).toEqual(['Source', undefined, 'Deploy', 'InvalidateCloudFrontCache']);
  expect(JSON.stringify(Stages[3])).toContain('{"Ref":"Website"}');
  template.hasResourceProperties('AWS::Lambda::Permission', { Principal: { 'Fn::GetAtt': 'PipelineRole.Arn' } });
});

test('its parameters, its condition and its export survive, and the stage within an Fn::If', () => {
  const template = Template.fromStack(new WebsiteStack(new App({ analyticsReporting: false }), 'ExistingWebsite')).toJSON();
  expect(Object.keys(template.Parameters)).toEqual(expect.arrayContaining(['SourceKey', 'ApproveDeployments']));
  expect(template.Conditions).toEqual({ IsApproved: { 'Fn::Equals': [{ Ref: 'ApproveDeployments' }, 'yes'] } });
  expect(template.Outputs.DistributionId).toEqual({ Value: { Ref: 'Website' }, Export: { Name: { 'Fn::Sub': '${AWS::StackName}-DistributionId' } } });
  expect(template.Resources.Pipeline.Properties.Stages[1]).toEqual({ 'Fn::If': ['IsApproved', expect.objectContaining({ Name: 'Approve' }), { Ref: 'AWS::NoValue' }] });
});

describe('deployed to the sandbox', () => {
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await Sandbox.start({ timeScale: 20 });
  });

  afterAll(() => sandbox.stop());

  test('the stage invalidates the template\'s distribution: the policy of the function admits the template\'s role', async () => {
    const app = new App({ analyticsReporting: false });
    const { artifactId } = new WebsiteStack(app, 'ExistingWebsite');
    const assembly = app.synth();
    const deployed = sandbox.deploy(assembly.getStackArtifact(artifactId).template, { stackName: 'ExistingWebsite', assetsDirectory: assembly.directory });
    const [action] = await sandbox.codePipeline.startStage({ pipeline: deployed.physicalId('Pipeline'), stage: 'InvalidateCloudFrontCache' }).finished;
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { distributionId: deployed.outputs.DistributionId } });
    expect(sandbox.cloudFront.distribution(deployed.outputs.DistributionId).invalidations).toHaveLength(1);
  });
});
