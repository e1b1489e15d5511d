import { readdirSync } from 'fs';
import { join } from 'path';
import { expectCopyable, exampleFile } from './given-example';
import { LANGUAGES } from '../../scripts/languages';

const BASIC = join(__dirname, '..', '..', 'examples', 'basic');

test('it is there in every language that the library is packaged for', () => {
  const folders = readdirSync(BASIC, { withFileTypes: true }).filter(file => file.isDirectory()).map(({ name }) => name);
  expect(folders.sort()).toEqual(LANGUAGES.map(({ name }) => name).sort());
});

test('it can be copied', () => expectCopyable('basic/typescript'));

test.each(LANGUAGES.map(({ name }) => name))('%s: two commands, and an app for the CDK CLI', language => {
  const [, commands] = exampleFile(`basic/${language}`, 'README.md').match(/```console\n([\s\S]*?)```/)!;
  expect(commands.trim().split('\n')).toEqual([expect.any(String), 'npx cdk synth']);
  expect(JSON.parse(exampleFile(`basic/${language}`, 'cdk.json'))).toEqual({ app: expect.any(String) });
});

test('every language asks for the oldest CDK that the library takes, or a newer one', () => {
  const { devDependencies } = JSON.parse(exampleFile('..', 'package.json')) as { devDependencies: Record<string, string> };
  const cdk = devDependencies['aws-cdk-lib'];
  expect(exampleFile('basic/python', 'requirements.txt')).toContain(`aws-cdk-lib>=${cdk},<3`);
  expect(exampleFile('basic/java', 'pom.xml')).toContain(`<cdk.version>${cdk}</cdk.version>`);
  expect(exampleFile('basic/csharp', 'Basic.csproj')).toContain(`<PackageReference Include="Amazon.CDK.Lib" Version="${cdk}" />`);
  expect(exampleFile('basic/go', 'go.mod')).toContain(`github.com/aws/aws-cdk-go/awscdk/v2 v${cdk}\n`);
  expect(exampleFile('basic/go', 'go.mod')).toContain(`github.com/aws/constructs-go/constructs/v10 v${devDependencies.constructs}\n`);
});
