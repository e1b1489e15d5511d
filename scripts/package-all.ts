/** Builds the package of every language whose toolchain is installed into dist/, and says what it did not build. */
import { execFileSync } from 'child_process';
import { isInstalled, LANGUAGES } from './languages';

const report: string[] = [];
for (const language of LANGUAGES) {
  const { name, target, toolchain: [command], codeOnlyWithoutToolchain } = language;
  const installed = isInstalled(language);
  if (installed || codeOnlyWithoutToolchain) {
    execFileSync('jsii-pacmak', ['--target', target, ...(installed ? [] : ['--code-only'])], { stdio: 'inherit', shell: process.platform === 'win32' });
  }
  report.push(installed ? `${name}: built` : `${name}: SKIPPED, ${command} is not installed${codeOnlyWithoutToolchain ? '; its code is generated, but not compiled' : ''}`);
}
console.log(report.join('\n'));
