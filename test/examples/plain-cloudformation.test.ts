import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { parse } from 'yaml';
import { exampleFile, expectCopyable, synthesized } from './given-example';
import { WebsiteStack } from '../../examples/existing-template/website-stack';

test('it can be copied', () => expectCopyable('existing-template'));

test('every resource of the template keeps its logical id and its type, and what is added is the function\'s', () => {
  const { ExistingWebsite: template } = synthesized('existing-template');
  const written = parse(exampleFile('existing-template', 'template.yaml'), { logLevel: 'silent' }).Resources as Record<string, { Type: string }>;
  const typesOf = (resources: typeof written) => Object.fromEntries(Object.entries(resources).map(([id, { Type }]) => [id, Type]));
  expect(typesOf(template.Resources)).toMatchObject(typesOf(written));
  expect(Object.entries(template.Resources).filter(([id]) => !(id in written)).map(([, { Type }]) => Type).filter(type => type !== 'AWS::CDK::Metadata').sort())
    .toEqual(['AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::Lambda::Function', 'AWS::Lambda::Permission', 'AWS::Logs::LogGroup']);
});

test('the stage follows the deployment, and invalidates the template\'s distribution', () => {
  const template = Template.fromStack(new WebsiteStack(new App({ analyticsReporting: false }), 'ExistingWebsite'));
  const { Stages } = template.toJSON().Resources.Pipeline.Properties;
  expect(Stages.map(({ Name }: { Name: string }) => Name)).toEqual(['Source', 'Deploy', 'InvalidateCloudFrontCache']);
  expect(JSON.stringify(Stages[2])).toContain('{"Ref":"Website"}');
  template.hasResourceProperties('AWS::Lambda::Permission', { Principal: { 'Fn::GetAtt': 'PipelineRole.Arn' } });
});
