/** Another's simulator of IAM. It is installed for a run, and is no part of the project. */
import { execFileSync } from 'child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { createRequire } from 'module';
import { tmpdir } from 'os';
import { join } from 'path';

export const SIMULATOR = '@cloud-copilot/iam-simulate@0.1.173';

/** A role as the deployed templates have it. */
export interface Role {
  readonly logicalId: string;
  readonly arn: string;
  readonly policies: object[];
  /** Who may assume it. */
  readonly trust: object;
}

export interface Question {
  readonly role: Role;
  readonly action: string;
  readonly resource: string;
  /** What the resource's own side says: the trust policy of a role. */
  readonly resourcePolicy?: object;
  readonly contextVariables?: object;
  readonly expected: 'Allowed' | 'ImplicitlyDenied';
}

interface Simulation {
  readonly request: {
    readonly principal: string;
    readonly action: string;
    readonly resource: { readonly resource: string; readonly accountId: string };
    readonly contextVariables: object;
  };
  readonly identityPolicies: readonly { readonly name: string; readonly policy: object }[];
  readonly resourcePolicy: object | undefined;
  readonly serviceControlPolicies: readonly [];
  readonly resourceControlPolicies: readonly [];
}

type RunSimulation = (simulation: Simulation, options: object) => Promise<SimulationResult>;

interface SimulationResult {
  readonly overallResult?: string;
  readonly errors?: { readonly message: string };
}

/** Answers a question: what the simulator says, or what it finds wrong with the question. */
export type Judge = (question: Question) => Promise<string | undefined>;

/** The simulator, from a folder of its own; or nothing where it cannot be installed. */
export function installedJudge(): Judge | undefined {
  const runSimulation = installed();
  return runSimulation && (async ({ role, action, resource, resourcePolicy, contextVariables = {} }) => {
    const { overallResult, errors } = await runSimulation({
      request: { principal: role.arn, action, resource: { resource, accountId: accountOf(resource) ?? accountOf(role.arn)! }, contextVariables },
      identityPolicies: role.policies.map((policy, index) => ({ name: `policy${index}`, policy })),
      resourcePolicy,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    }, {});
    return overallResult ?? errors?.message;
  });
}

function installed(): RunSimulation | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'judge-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', SIMULATOR], { cwd: folder, stdio: 'ignore', shell: process.platform === 'win32' });
  } catch {
    return undefined;
  }
  return (createRequire(join(folder, 'index.js'))('@cloud-copilot/iam-simulate') as { runSimulation: RunSimulation }).runSimulation;
}

export function accountOf(arn: string): string | undefined {
  return arn.split(':')[4] || undefined;
}
