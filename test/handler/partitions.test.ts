import { spawnSync } from 'child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

/** Runs the bundle where nothing can be reached, and writes down whom it would have asked, and for which Region it signed. */
const SCRIPT = `
const { EventEmitter } = require('events');
const https = require('https');
const asked = new Set();
https.request = ({ host, headers }) => {
  asked.add(host + ' ' + /Credential=[^/]+\\/\\d+\\/([^/]+\\/[^/]+)\\//.exec(headers.authorization)[1]);
  const request = Object.assign(new EventEmitter(), { setTimeout() {}, write() {}, destroy() {}, end: () => setImmediate(() => request.emit('error', new Error('unreachable'))) });
  return request;
};
const [bundle, event] = process.argv.slice(2);
process.stdout.write = () => true;
const endsAt = Date.now() + 1_500;
import(bundle).then(({ handler }) => handler(JSON.parse(event), { awsRequestId: 'r', getRemainingTimeInMillis: () => endsAt - Date.now() }))
  .catch(() => {}).then(() => process.stderr.write(JSON.stringify([...asked].sort())));
`;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'partitions-'));
  writeFileSync(join(folder, 'run.js'), SCRIPT);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function asked(region: string, parameters: object): string[] {
  const event = { 'CodePipeline.job': { id: '11111111-abcd-11ab-abcd-11111abcdef1', data: { actionConfiguration: { configuration: { UserParameters: JSON.stringify(parameters) } } } } };
  const { stderr } = spawnSync(process.execPath, [join(folder, 'run.js'), join(__dirname, '../../assets/handler/index.mjs'), JSON.stringify(event)], {
    encoding: 'utf8',
    env: { AWS_REGION: region, AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' },
  });
  return JSON.parse(stderr);
}

const DISTRIBUTION = { distributionId: 'E2QWRUHEXAMPLE' };

test.each([
  ['eu-west-1', ['cloudfront.amazonaws.com us-east-1/cloudfront', 'codepipeline.eu-west-1.amazonaws.com eu-west-1/codepipeline']],
  ['us-east-1', ['cloudfront.amazonaws.com us-east-1/cloudfront', 'codepipeline.us-east-1.amazonaws.com us-east-1/codepipeline']],
  ['cn-north-1', ['cloudfront.cn-northwest-1.amazonaws.com.cn cn-northwest-1/cloudfront', 'codepipeline.cn-north-1.amazonaws.com.cn cn-north-1/codepipeline']],
  ['cn-northwest-1', ['cloudfront.cn-northwest-1.amazonaws.com.cn cn-northwest-1/cloudfront', 'codepipeline.cn-northwest-1.amazonaws.com.cn cn-northwest-1/codepipeline']],
])('in %s, CloudFront is asked where its partition has it, and CodePipeline in the Region', (region, expected) => {
  expect(asked(region, DISTRIBUTION)).toEqual(expected);
});

test.each([
  ['eu-west-1', 'arn:aws:iam::111122223333:role/r', 'sts.eu-west-1.amazonaws.com eu-west-1/sts'],
  ['cn-north-1', 'arn:aws-cn:iam::111122223333:role/r', 'sts.cn-north-1.amazonaws.com.cn cn-north-1/sts'],
])('in %s, a role is assumed in the Region', (region, arn, expected) => {
  expect(asked(region, { ...DISTRIBUTION, distributionRole: { arn } })).toContain(expected);
});
