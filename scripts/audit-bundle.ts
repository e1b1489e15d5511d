/** Asks npm for known vulnerabilities of what ships: the packages that are bundled into the handler, in the versions that are bundled. */
import { execFileSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

const notices = readFileSync(join(__dirname, '..', 'assets', 'handler', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
const dependencies = Object.fromEntries([...notices.matchAll(/^((?:@[\w.-]+\/)?[\w.-]+) (\d+\.\d+\.\S+) \(/gm)].map(([, name, version]) => [name, version]));
if (Object.keys(dependencies).length === 0) {
  throw new Error('THIRD-PARTY-LICENSES.txt names no package');
}

const folder = mkdtempSync(join(tmpdir(), 'audit-'));
try {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'bundle', version: '1.0.0', dependencies }));
  const npm = (...args: string[]) => execFileSync('npm', args, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' });
  npm('install', '--package-lock-only', '--no-audit', '--no-fund');
  console.log(`${Object.keys(dependencies).length} bundled packages:`);
  npm('audit');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
