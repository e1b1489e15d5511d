import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { expectCopyable, synthesized } from './given-example';
import { PipelineStack } from '../../examples/static-website/pipeline-stack';
import { WebsiteStack } from '../../examples/static-website/website-stack';
import { stagesOf, statementsOf } from '../expect';

const app = new App({ analyticsReporting: false });
const website = new WebsiteStack(app, 'Website');
const pipeline = new PipelineStack(app, 'WebsitePipeline', { website });
const websiteTemplate = Template.fromStack(website);
const pipelineTemplate = Template.fromStack(pipeline);

const [distributionId] = Object.keys(websiteTemplate.findResources('AWS::CloudFront::Distribution'));

/** How the pipeline's stack gets the distribution's id: through the export that CDK made of it. */
function importedDistributionId(): object {
  const [{ Export }] = Object.values(websiteTemplate.findOutputs('*')).filter(({ Value }) => Value.Ref === distributionId);
  return { 'Fn::ImportValue': Export.Name };
}

test('it can be copied', () => expectCopyable('static-website'));

test('its app has the two stacks', () => {
  const templates = synthesized('static-website');
  expect(Object.keys(templates).sort()).toEqual(['Website', 'WebsitePipeline']);
  expect(templates.Website).toEqual(websiteTemplate.toJSON());
});

describe('the website', () => {
  test('is a bucket that nobody can read but its distribution', () => {
    websiteTemplate.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
    });
    const [policy] = Object.values(websiteTemplate.findResources('AWS::S3::BucketPolicy'));
    const statements: { Effect: string; Action: string; Principal: object; Condition: object }[] = policy.Properties.PolicyDocument.Statement;
    expect(statements).toContainEqual(expect.objectContaining({
      Effect: 'Deny',
      Action: 's3:*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    }));
    expect(statements.filter(({ Effect, Action }) => Effect === 'Allow' && Action === 's3:GetObject')).toEqual([expect.objectContaining({
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Condition: {
        StringEquals: {
          'AWS:SourceArn': {
            'Fn::Join': ['', [
              'arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }, ':distribution/', { Ref: distributionId },
            ]],
          },
        },
      },
    })]);
  });

  test('is served with origin access control and HTTPS, and has an index document', () => {
    websiteTemplate.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        DefaultRootObject: 'index.html',
        DefaultCacheBehavior: Match.objectLike({ ViewerProtocolPolicy: 'redirect-to-https' }),
        Origins: [Match.objectLike({ OriginAccessControlId: { 'Fn::GetAtt': [Match.stringLikeRegexp('OriginAccessControl'), 'Id'] } })],
      },
    });
  });
});

describe('the pipeline', () => {
  test('renders, deploys, and then invalidates', () => {
    expect(stagesOf(pipeline).map(({ Name }) => Name)).toEqual(['Source', 'Render', 'Deploy', 'InvalidateCloudFrontCache']);
    pipelineTemplate.hasResourceProperties('AWS::CodePipeline::Pipeline', { PipelineType: 'V2' });
  });

  test('starts when a source is uploaded to where it reads it', () => {
    const [{ Actions: [source] }] = stagesOf(pipeline);
    expect(source.Configuration).toMatchObject({ S3ObjectKey: 'source.zip', PollForSourceChanges: false });
    pipelineTemplate.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        'source': ['aws.s3'],
        'detail-type': ['Object Created'],
        'detail': { bucket: { name: [source.Configuration.S3Bucket] }, object: { key: ['source.zip'] } },
      },
    });
    const { Ref: sourceBucketId } = source.Configuration.S3Bucket as { Ref: string };
    expect(pipelineTemplate.findResources('AWS::S3::Bucket')[sourceBucketId].Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
    pipelineTemplate.hasResourceProperties('Custom::S3BucketNotifications', {
      BucketName: { Ref: sourceBucketId },
      NotificationConfiguration: { EventBridgeConfiguration: {} },
    });
  });

  test('deploys for browsers that ask again each time, and for a CloudFront that keeps the files', () => {
    const [, , { Actions: [deployment] }] = stagesOf(pipeline);
    expect(deployment.Configuration).toMatchObject({ Extract: 'true', CacheControl: 'max-age=0, s-maxage=31536000' });
  });

  test('invalidates all of the distribution, which the website exports', () => {
    const [{ Name, Configuration }] = stagesOf(pipeline)[3].Actions;
    expect(Name).toBe('InvalidateDistribution');
    const { 'Fn::Join': [separator, parts] } = Configuration.UserParameters as { 'Fn::Join': [string, unknown[]] };
    expect(parts).toContainEqual(importedDistributionId());
    const userParameters = parts.map(part => typeof part === 'string' ? part : 'EXAMPLE').join(separator);
    expect(JSON.parse(userParameters)).toMatchObject({ distributionId: 'EXAMPLE', paths: ['/*'] });
  });

  test('has a function that may invalidate that distribution only', () => {
    const [{ Configuration }] = stagesOf(pipeline)[3].Actions;
    const { Ref: functionId } = Configuration.FunctionName as { Ref: string };
    const roleId = pipelineTemplate.findResources('AWS::Lambda::Function')[functionId].Properties.Role['Fn::GetAtt'][0];
    const statements = statementsOf(pipeline, roleId) as { Action: string | string[]; Resource: object | object[] }[];
    const ofCloudFront = statements.filter(({ Action }) => [Action].flat().some(action => action.startsWith('cloudfront:')));
    expect(ofCloudFront.flatMap(({ Resource }) => Resource)).toEqual([{
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }, ':distribution/', importedDistributionId()]],
    }]);
  });

  test('goes without a trace', () => {
    for (const template of [websiteTemplate, pipelineTemplate]) {
      const buckets = Object.entries(template.findResources('AWS::S3::Bucket'));
      expect(buckets.map(([, { DeletionPolicy }]) => DeletionPolicy)).toEqual(buckets.map(() => 'Delete'));
      const emptied = Object.values(template.findResources('Custom::S3AutoDeleteObjects')).map(({ Properties }) => Properties.BucketName.Ref);
      expect(emptied.sort()).toEqual(buckets.map(([id]) => id).sort());
    }
  });
});
