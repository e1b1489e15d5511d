/**
 * For mutation testing, which sees only its own process: functions run in that of the tests, from TypeScript and not from the bundle that
 * ships.
 */
declare const requireOnce: (name: string) => object;

declare const isMutated: boolean;

jest.mock('child_process', () => ({
  ...jest.requireActual<typeof import('child_process')>('child_process'),
  spawn: (...[, args, options]: Parameters<typeof import('./function-process')['spawnInProcess']>) =>
    jest.requireActual<typeof import('./function-process')>('./function-process').spawnInProcess('node', args, options),
}));

const CDK = [
  'aws-cdk-lib', 'aws-cdk-lib/cloudformation-include', 'aws-cdk-lib/interfaces', 'aws-cdk-lib/pipelines', 'aws-cdk-lib/region-info', 'constructs',
  ...['cloudfront', 'cloudfront-origins', 'codebuild', 'codepipeline', 'codepipeline-actions', 'ec2', 'iam', 'kms', 'lambda', 'logs', 's3', 'sqs']
    .map(name => `aws-cdk-lib/aws-${name}`),
];
CDK.forEach(name => jest.doMock(name, () => requireOnce(name)));

// Which test runs what is found out with a test at a time, before there is a mutant.
if (!isMutated) {
  Object.assign(test, { concurrent: test });
}
