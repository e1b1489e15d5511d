/** The languages that the library is packaged for, and what a machine needs to build a package and to run an app with it. */
import { spawnSync } from 'child_process';

export interface Language {
  /** The folder in `examples/basic`, and the name in reports. */
  readonly name: string;
  /** The target of jsii-pacmak. */
  readonly target: string;
  /** A command that succeeds where the toolchain is installed. */
  readonly toolchain: readonly string[];
  /** What can be generated without the toolchain, to be read but not to be used. */
  readonly codeOnlyWithoutToolchain?: boolean;
}

export const LANGUAGES: readonly Language[] = [
  { name: 'typescript', target: 'js', toolchain: ['npm', '--version'] },
  { name: 'python', target: 'python', toolchain: ['python3', '-m', 'venv', '--help'] },
  { name: 'java', target: 'java', toolchain: ['mvn', '--version'] },
  { name: 'csharp', target: 'dotnet', toolchain: ['dotnet', '--version'], codeOnlyWithoutToolchain: true },
  { name: 'go', target: 'go', toolchain: ['go', 'version'] },
];

export function isInstalled({ toolchain: [command, ...args] }: Language): boolean {
  return spawnSync(command, args, { stdio: 'ignore', shell: process.platform === 'win32' }).status === 0;
}
