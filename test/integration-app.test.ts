import { Template } from 'aws-cdk-lib/assertions';
import { integrationApp } from './integration-app';

test('what the library adds to a user\'s template, as it was reviewed', () => {
  const template = Template.fromStack(integrationApp().stack).toJSON();
  const ours = Object.entries(template.Resources as Record<string, { Type: string; Metadata?: object }>)
    .filter(([logicalId, { Type }]) => /^CloudFrontInvalidation|InvalidateCloudFrontCache/.test(logicalId) || Type === 'AWS::CodePipeline::Pipeline');
  // The bundle's hash changes with every version of what is bundled.
  expect(JSON.parse(JSON.stringify(Object.fromEntries(ours)).replace(/[0-9a-f]{64}/g, '<asset hash>'))).toMatchSnapshot();
});
