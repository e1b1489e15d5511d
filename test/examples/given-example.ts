import { execSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

const EXAMPLES = join(__dirname, '..', '..', 'examples');

/** A file of an example, as text. */
export function exampleFile(example: string, file: string): string {
  return readFileSync(join(EXAMPLES, example, file), 'utf8');
}

/** The templates of an example, synthesised by the command that its `cdk.json` gives to the CDK CLI, by stack. */
export function synthesized(example: string): Record<string, { readonly Resources: Record<string, { readonly Type: string }> }> {
  const outdir = mkdtempSync(join(tmpdir(), 'example-'));
  try {
    const { app, context = {} } = JSON.parse(exampleFile(example, 'cdk.json'));
    execSync(app, {
      cwd: join(EXAMPLES, example),
      // The library's name leads to its source here, as it does for tsc and Jest.
      env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context), TSX_TSCONFIG_PATH: join(EXAMPLES, '..', 'tsconfig.dev.json') },
      stdio: 'pipe',
    });
    const { artifacts } = JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8'));
    return Object.fromEntries(Object.entries<{ type: string; properties: { templateFile: string } }>(artifacts)
      .filter(([, { type }]) => type === 'aws:cloudformation:stack')
      .map(([name, { properties }]) => [name, JSON.parse(readFileSync(join(outdir, properties.templateFile), 'utf8'))]));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The code blocks of a README in one language. */
export function codeBlocks(example: string, language: string): string[] {
  return [...exampleFile(example, 'README.md').matchAll(new RegExp(`^ *\`\`\`${language}\n([\\s\\S]*?)^ *\`\`\``, 'gm'))].map(([, code]) => code);
}

/** What every example must be to be copied: an app of its own that says what it needs. */
export function expectCopyable(example: string): void {
  const { private: isPrivate, dependencies } = JSON.parse(exampleFile(example, 'package.json'));
  const library = JSON.parse(exampleFile('..', 'package.json'));
  expect(isPrivate).toBe(true);
  expect(dependencies).toEqual({ [library.name]: 'latest', ...library.peerDependencies });
}
