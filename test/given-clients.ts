import type { Role, Sandbox } from '../sandbox';

/** Lets the function's clients in the tests' own process call the sandbox, with a role that may do this. They read it with their first request. */
export function givenClients(sandbox: Sandbox, ...actions: string[]): Role {
  const role = sandbox.addRole('function', [{ Effect: 'Allow', Action: actions, Resource: '*' }]);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_CLOUDFRONT: sandbox.cloudFront.endpoint,
    AWS_ENDPOINT_URL_CODEPIPELINE: sandbox.codePipeline.endpoint,
    AWS_ENDPOINT_URL_S3: sandbox.s3.endpoint,
    AWS_ENDPOINT_URL_STS: sandbox.sts.endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: role.accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
  });
  return role;
}
