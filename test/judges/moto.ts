/**
 * The function that ships against another's implementation of AWS: moto's CloudFront, S3 and STS, as its server has them; and the example's
 * template, created by moto's CloudFormation as far as it knows the resources. `npx projen judge:moto` runs it.
 *
 * moto is installed for it with Python, and is no part of the project. It has neither jobs nor a history of CodePipeline: those remain the
 * sandbox's.
 */
import { execFileSync, spawn } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { createServer as createHttpServer } from 'http';
import { createServer, type AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { CloudFrontClient, CreateDistributionCommand, GetInvalidationCommand, ListInvalidationsCommand } from '@aws-sdk/client-cloudfront';
import { CodePipelineClient, ListActionExecutionsCommand, PutJobFailureResultCommand, PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { XMLParser } from 'fast-xml-parser';
import { Sandbox } from '../../sandbox';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationRole, CloudFrontInvalidationStage, FreshnessCheck, InvalidationPaths } from '../../src';
import { givenDistribution, givenPipeline } from '../given';
import { givenArchive } from '../given-archive';

const MOTO = 'moto[server,cloudfront,s3,cloudformation]==5.2.5';
const REGION = 'eu-west-1';
const ACCOUNT = '123456789012';
const OTHERS_ACCOUNT = '210987654321';
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

interface Moto {
  readonly endpoint: string;
  stop(): void;
}

let failures = 0;

function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const isRight = JSON.stringify(actual) === JSON.stringify(expected);
  failures += isRight ? 0 : 1;
  console.log(`${isRight ? 'ok' : 'WRONG'}: ${what}${isRight ? '' : `: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`}`);
}

/** moto's server in a virtual environment of its own, or why there is none. */
async function startMoto(directory: string): Promise<Moto | string> {
  try {
    execFileSync('python3', ['-m', 'venv', directory], { stdio: 'pipe' });
    execFileSync(join(directory, 'bin', 'pip'), ['install', '--quiet', MOTO], { stdio: 'pipe' });
  } catch (error) {
    return String(error).split('\n')[0];
  }
  const port = await freePort();
  const server = spawn(join(directory, 'bin', 'moto_server'), ['-p', String(port)], { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 120; attempt++) {
    try {
      await fetch(`${endpoint}/moto-api/`);
      return { endpoint, stop: () => void server.kill() };
    } catch {
      await new Promise(resolve => setTimeout(resolve, 250));
    }
  }
  server.kill();
  throw new Error('moto\'s server does not answer');
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Two distributions of moto's: one for the function's own role, one behind a role that it assumes, with paths from an artifact. */
async function judgeFunction({ endpoint }: Moto): Promise<void> {
  const cloudFront = new CloudFrontClient({ region: REGION, endpoint, credentials: CREDENTIALS });
  const own = await createDistribution(cloudFront, 'own');
  const othersCloudFront = new CloudFrontClient({ region: REGION, endpoint, credentials: await credentialsOf(endpoint, OTHERS_ACCOUNT) });
  const others = await createDistribution(othersCloudFront, 'others');

  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Website', { env: { account: ACCOUNT, region: REGION } });
  const roleStack = new Stack(app, 'Role', { env: { account: OTHERS_ACCOUNT, region: REGION } });
  const imported = (scope: Stack, id: string, distributionId: string) =>
    cloudfront.Distribution.fromDistributionAttributes(scope, id, { distributionId, domainName: 'www.example.com' });
  const invalidationFunction = new CloudFrontInvalidationFunction(stack, 'Fn');
  const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline: givenPipeline(stack, { crossAccountKeys: false }),
    distribution: imported(stack, 'Own', own),
    paths: InvalidationPaths.of('/index.html', '/blog/*'),
    function: invalidationFunction,
    actionName: 'Own',
  });
  stage.addInvalidation({
    distribution: imported(stack, 'Others', others),
    distributionRole: new CloudFrontInvalidationRole(roleStack, 'Role', {
      distribution: imported(roleStack, 'Others', others), assumedBy: invalidationFunction,
    }),
    paths: InvalidationPaths.fromManifest(codepipeline.Artifact.artifact('site').atPath('changed.json')),
    actionName: 'Others',
  });
  stage.addInvalidation({ distribution: imported(stack, 'Gone', 'E2GONE'), timeout: Duration.minutes(1), actionName: 'Gone' });

  const s3 = new S3Client({ region: REGION, endpoint, credentials: CREDENTIALS, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'artifacts', CreateBucketConfiguration: { LocationConstraint: REGION } }));
  await s3.send(new PutObjectCommand({ Bucket: 'artifacts', Key: 'site', Body: await givenArchive({ 'changed.json': '["/a.html", "/b.html"]' }) }));

  const sandbox = await Sandbox.start({ endpoints: { cloudfront: endpoint, s3: endpoint, sts: endpoint } });
  try {
    const assembly = app.synth();
    const [{ physicalId: pipeline }] = sandbox.deploy(assembly.getStackByName('Website').template as object, {
      stackName: 'Website', assetsDirectory: assembly.directory,
    }).resourcesOfType('AWS::CodePipeline::Pipeline');
    const actions = await sandbox.codePipeline.startStage({
      pipeline, stage: 'InvalidateCloudFrontCache', artifacts: { site: { bucket: 'artifacts', key: 'site' } },
    }).finished;
    const [ownAction, othersAction, gone] = ['Own', 'Others', 'Gone'].map(name => actions.find(({ actionName }) => actionName === name)!);

    expectEqual('the action of a distribution is green', [ownAction.status, ownAction.errorDetails], ['Succeeded', undefined]);
    expectEqual('its invalidation is moto\'s', (await invalidationsOf(cloudFront, own)).map(({ reference = '', ...invalidation }) => ({ ...invalidation, reference: reference.slice(0, -13) })), [
      { id: ownAction.outputVariables.invalidationId, paths: ['/blog/*', '/index.html'], reference: `${ownAction.jobs[0]}-0-2` },
    ]);
    expectEqual('the action with a role and an artifact is green', [othersAction.status, othersAction.errorDetails], ['Succeeded', undefined]);
    expectEqual('its invalidation has the artifact\'s paths', (await invalidationsOf(othersCloudFront, others)).map(({ paths }) => paths), [['/a.html', '/b.html']]);
    expectEqual('a distribution that is gone is red', [gone.status, gone.errorDetails?.code], ['Failed', 'ConfigurationError']);
    console.log(`  ${gone.errorDetails?.message}`);
  } finally {
    await sandbox.stop();
  }
}

/** Two deployments whose artifacts are moto's, with the history of the sandbox, and a site that serves them. */
async function judgeChangedFiles({ endpoint }: Moto): Promise<void> {
  const cloudFront = new CloudFrontClient({ region: REGION, endpoint, credentials: CREDENTIALS });
  const distributionId = await createDistribution(cloudFront, 'changed-files');
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Changed', { env: { account: ACCOUNT, region: REGION } });
  const pipeline = givenPipeline(stack, { crossAccountKeys: false, pipelineName: 'website' });
  const site = codepipeline.Artifact.artifact('site');
  pipeline.addStage({ stageName: 'Deploy', actions: [new S3DeployAction({ actionName: 'Deploy', bucket: new Bucket(stack, 'Site'), input: site })] });
  new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline,
    distribution: cloudfront.Distribution.fromDistributionAttributes(stack, 'Distribution', { distributionId, domainName: 'www.example.com' }),
    paths: InvalidationPaths.changedFiles(site),
    freshnessCheck: FreshnessCheck.files(site, { url: '#{site.url}/', timeout: Duration.seconds(1) }),
  });

  const s3 = new S3Client({ region: REGION, endpoint, credentials: CREDENTIALS, forcePathStyle: true });
  const bucket = 'website-artifacts';
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: REGION } }));
  let served: Readonly<Record<string, string>> = {};
  const server = createHttpServer(({ url }, response) => {
    const content = served[url === '/' ? 'index.html' : String(url).slice(1)];
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const sandbox = await Sandbox.start({ endpoints: { cloudfront: endpoint, s3: endpoint, sts: endpoint } });
  try {
    const assembly = app.synth();
    sandbox.deploy(assembly.getStackByName('Changed').template as object, { stackName: 'Changed', assetsDirectory: assembly.directory });
    const deploy = async (key: string, files: Readonly<Record<string, string>>, serves = files) => {
      served = serves;
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: await givenArchive(files) }));
      const context = { pipeline: 'website', artifacts: { site: { bucket, key } } };
      sandbox.codePipeline.recordAction({ ...context, stage: 'Deploy', action: 'Deploy' });
      // The stage begins later: of the same moment, nobody could tell.
      await sandbox.clock.sleep(1_000);
      const variables = { 'site.url': `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
      const [action] = await sandbox.codePipeline.startStage({ ...context, stage: 'InvalidateCloudFrontCache', variables }).finished;
      return action;
    };
    // Where most files change, everything is invalidated.
    const same = { 'index.html': 'a', 'blog.html': 'a', 'shop.html': 'a', 'news.html': 'a', 'team.html': 'a' };
    const first = await deploy('first', { ...same, 'about.html': 'b', 'old.html': 'c' });
    expectEqual('without a baseline, everything is invalidated, and the site is seen fresh', [first.status, first.errorDetails, first.outputVariables.pathCount, first.outputVariables.checkedPageCount],
      ['Succeeded', undefined, '1', '7']);
    const second = await deploy('second', { ...same, 'about.html': 'B', 'new.html': 'd' });
    expectEqual('then what differs between the two artifacts on moto\'s S3', [second.status, second.errorDetails, second.outputVariables.changedFileCount], ['Succeeded', undefined, '3']);
    expectEqual('and moto\'s CloudFront has these paths', (await invalidationsOf(cloudFront, distributionId)).map(({ paths = [] }) => paths.join(' ')).sort(),
      ['/*', '/about.html /new.html /old.html']);
    const stale = await deploy('third', { ...same, 'about.html': 'C', 'new.html': 'd' }, served);
    expectEqual('a site that serves another copy than moto\'s S3 has is red', stale.status, 'Failed');
    console.log(`  ${stale.errorDetails?.message}`);
    const gone = await deploy('gone', same);
    expectEqual('what was deployed and not invalidated meanwhile is a baseline', [gone.status, gone.outputVariables.changedFileCount], ['Succeeded', '2']);
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'gone' }));
    const expired = await deploy('fifth', { ...same, 'index.html': 'e' });
    expectEqual('with a baseline that moto\'s S3 has no more, everything is invalidated', [expired.status, expired.outputVariables.pathCount], ['Succeeded', '1']);
    console.log(`  ${expired.summary}`);
    console.log(`the sandbox answered for CodePipeline: moto has no ${(await unknownToMoto(endpoint)).join(', ')}`);
  } finally {
    server.close();
    await sandbox.stop();
  }
}

/** Which calls of the function moto's CodePipeline does not know: a known one would say that there is no such pipeline or job. */
async function unknownToMoto(endpoint: string): Promise<string[]> {
  const client = new CodePipelineClient({ region: REGION, endpoint, credentials: CREDENTIALS, maxAttempts: 1 });
  const calls = {
    ListActionExecutions: () => client.send(new ListActionExecutionsCommand({ pipelineName: 'website' })),
    PutJobSuccessResult: () => client.send(new PutJobSuccessResultCommand({ jobId: 'unknown' })),
    PutJobFailureResult: () => client.send(new PutJobFailureResultCommand({ jobId: 'unknown', failureDetails: { type: 'JobFailed', message: 'unknown' } })),
  };
  const unknown = await Promise.all(Object.entries(calls).map(async ([name, call]) => {
    const error = await call().then(() => undefined, (reason: Error) => reason);
    return error === undefined || /NotFound/.test(error.name) ? [] : [name];
  }));
  return unknown.flat();
}

/** Of somebody in another account, as moto's STS gives them. */
async function credentialsOf(endpoint: string, account: string) {
  const { Credentials } = await new STSClient({ region: REGION, endpoint, credentials: CREDENTIALS })
    .send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${account}:role/owner`, RoleSessionName: 'owner' }));
  return { accessKeyId: Credentials!.AccessKeyId!, secretAccessKey: Credentials!.SecretAccessKey!, sessionToken: Credentials!.SessionToken! };
}

async function createDistribution(client: CloudFrontClient, name: string): Promise<string> {
  const { Distribution } = await client.send(new CreateDistributionCommand({
    DistributionConfig: {
      CallerReference: name,
      Comment: name,
      Enabled: true,
      Origins: { Quantity: 1, Items: [{ Id: 'origin', DomainName: 'origin.example.com', CustomOriginConfig: { HTTPPort: 80, HTTPSPort: 443, OriginProtocolPolicy: 'https-only' } }] },
      DefaultCacheBehavior: { TargetOriginId: 'origin', ViewerProtocolPolicy: 'redirect-to-https' },
    },
  }));
  return Distribution!.Id!;
}

async function invalidationsOf(client: CloudFrontClient, distributionId: string) {
  const { InvalidationList } = await client.send(new ListInvalidationsCommand({ DistributionId: distributionId }));
  return Promise.all((InvalidationList?.Items ?? []).map(async ({ Id }) => {
    const { Invalidation } = await client.send(new GetInvalidationCommand({ DistributionId: distributionId, Id }));
    return { id: Id, reference: Invalidation?.InvalidationBatch?.CallerReference, paths: Invalidation?.InvalidationBatch?.Paths?.Items };
  }));
}

/** The one line of the README, created as CloudFormation would. */
async function judgeTemplate({ endpoint }: Moto): Promise<void> {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Deployed', { env: { account: ACCOUNT, region: REGION } });
  new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline: givenPipeline(stack, { crossAccountKeys: false }), distribution: givenDistribution(stack),
  });
  const assembly = app.synth().getStackByName('Deployed');
  const template = assembly.template as { Resources: Record<string, { Type: string }> };

  const s3 = new S3Client({ region: REGION, endpoint, credentials: CREDENTIALS, forcePathStyle: true });
  const bucket = `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`;
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: REGION } }));
  const { files } = JSON.parse(readFileSync(join(assembly.assembly.directory, 'Deployed.assets.json'), 'utf8')) as {
    files: Record<string, { source: { packaging: string }; destinations: Record<string, { objectKey: string }> }>;
  };
  for (const { destinations } of Object.values(files).filter(({ source }) => source.packaging === 'zip')) {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: Object.values(destinations)[0].objectKey, Body: await givenArchive({ 'index.js': '' }) }));
  }

  // Without the bootstrap version, which moto has no parameter for.
  const body = JSON.stringify({ ...template, Parameters: undefined, Rules: undefined });
  await cloudFormation(endpoint, { 'Action': 'CreateStack', 'StackName': 'Deployed', 'TemplateBody': body, 'Capabilities.member.1': 'CAPABILITY_IAM' });
  const described = await cloudFormation(endpoint, { Action: 'DescribeStackResources', StackName: 'Deployed' });
  const resources = [described.DescribeStackResourcesResponse.DescribeStackResourcesResult.StackResources.member].flat();
  const created = new Set(resources.map(({ LogicalResourceId }) => LogicalResourceId));
  const expected = Object.entries(template.Resources);
  const missing = expected.filter(([id]) => !created.has(id));
  console.log(`moto's CloudFormation created ${expected.length - missing.length} of the ${expected.length} resources; it does not know ` +
    `${[...new Set(missing.map(([, { Type }]) => Type))].join(', ') || 'none'}`);
  const own = expected.filter(([id, { Type }]) => id.startsWith('CloudFrontInvalidation') && Type !== 'AWS::CDK::Metadata');
  console.log(`  of ours: ${own.map(([id, { Type }]) => `${Type} ${created.has(id) ? 'created' : 'NOT created'}`).join(', ')}`);
  expectEqual('no resource failed', resources.filter(({ ResourceStatus }) => ResourceStatus !== 'CREATE_COMPLETE'), []);
}

interface StackResource {
  readonly LogicalResourceId: string;
  readonly ResourceStatus: string;
}

interface Described {
  readonly DescribeStackResourcesResponse: {
    readonly DescribeStackResourcesResult: { readonly StackResources: { readonly member: StackResource | StackResource[] } };
  };
}

async function cloudFormation(endpoint: string, parameters: Record<string, string>): Promise<Described> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'authorization': `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/cloudformation/aws4_request, SignedHeaders=host, Signature=0`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ Version: '2010-05-15', ...parameters }),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`moto's CloudFormation: ${response.status} ${text.slice(0, 1_000)}`);
  }
  return new XMLParser().parse(text) as Described;
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'moto-'));
  try {
    const moto = await startMoto(directory);
    if (typeof moto === 'string') {
      console.error(`SKIPPED: moto is not installed, and could not be: ${moto}`);
      return;
    }
    try {
      await judgeFunction(moto);
      await judgeChangedFiles(moto);
      await judgeTemplate(moto);
    } finally {
      moto.stop();
    }
    process.exitCode = failures > 0 ? 1 : 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

void main();
