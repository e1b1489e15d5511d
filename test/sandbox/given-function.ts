import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { FunctionDefinition, Sandbox, Statement } from '../../sandbox';

export const MAY_REPORT: readonly Statement[] = [
  { Effect: 'Allow', Action: ['codepipeline:PutJobSuccessResult', 'codepipeline:PutJobFailureResult'], Resource: '*' },
];

/** For the code of a function: answers a job as the SDK would, and needs no SDK. */
export const PUT = `
const put = (operation, input) => fetch(process.env.AWS_ENDPOINT_URL_CODEPIPELINE, {
  method: 'POST',
  headers: {
    'x-amz-target': 'CodePipeline_20150709.' + operation,
    'x-amz-security-token': process.env.AWS_SESSION_TOKEN,
    'authorization': 'AWS4-HMAC-SHA256 Credential=' + process.env.AWS_ACCESS_KEY_ID + '/20260101/' + process.env.AWS_REGION +
      '/codepipeline/aws4_request, SignedHeaders=host, Signature=0',
  },
  body: JSON.stringify(input),
});
`;

const folders: string[] = [];

export function givenFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
  folders.push(folder);
  return folder;
}

/** A function `fn` of that code, which may report to CodePipeline. */
export function givenFunction(sandbox: Sandbox, code: string, definition: Partial<FunctionDefinition> = {}): FunctionDefinition {
  const folder = givenFolder();
  writeFileSync(join(folder, 'index.js'), code);
  const name = definition.name ?? 'fn';
  const whole: FunctionDefinition = {
    name,
    arn: `arn:aws:lambda:eu-west-1:123456789012:function:${name}`,
    code: folder,
    handler: 'index.handler',
    runtime: 'nodejs24.x',
    // Fast sandboxes make little of a minute, and a busy machine needs more than that.
    timeout: 900,
    memorySize: 128,
    environment: { KEY: 'value' },
    role: sandbox.addRole(`${name}-role`, MAY_REPORT),
    ...definition,
  };
  sandbox.lambda.addFunction(whole);
  return whole;
}

/** A folder of an assembly with one function's code in it, as `cdk synth` leaves it. */
export function givenAsset(assembly: string, hash: string, code: string): void {
  mkdirSync(join(assembly, `asset.${hash}`));
  writeFileSync(join(assembly, `asset.${hash}`, 'index.js'), code);
}

export function removeFolders(): void {
  folders.splice(0).forEach(folder => rmSync(folder, { recursive: true, force: true }));
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
