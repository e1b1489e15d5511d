/** Import this first: all that is imported after it gets the newest CDK, as in an app that has no other. */
import { existsSync, readFileSync } from 'fs';
import { join } from 'path';

const MODULES = join(__dirname, '..', 'node_modules');

const { exports: subpaths } = JSON.parse(readFileSync(join(MODULES, 'aws-cdk-lib', 'package.json'), 'utf8')) as { exports: Record<string, string> };
for (const [subpath, file] of Object.entries(subpaths)) {
  if (file.endsWith('.js') && existsSync(join(MODULES, 'aws-cdk-lib', file))) {
    jest.doMock(join('aws-cdk-lib', subpath), () => jest.requireActual<object>(join('aws-cdk-lib-newest', subpath)));
  }
}
jest.doMock('constructs', () => jest.requireActual<object>('constructs-newest'));
