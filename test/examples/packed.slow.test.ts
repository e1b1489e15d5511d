import { execFile, execFileSync, spawnSync } from 'child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'fs';
import { tmpdir } from 'os';
import { join, sep } from 'path';
import { isDeepStrictEqual, promisify } from 'util';

const ROOT = join(__dirname, '..', '..');
const NAME = 'cdk-cloudfront-invalidation-stage';

/** Those of `basic` in other languages are synthesised, and compared with this one, by `npx projen test:languages`. */
const EXAMPLES = readdirSync(join(ROOT, 'examples')).map(example => example === 'basic' ? 'basic/typescript' : example).sort();

/** The oldest CDK that the package takes, and the newest. */
const CDK_VERSIONS = {
  floor: { 'aws-cdk-lib': 'aws-cdk-lib', 'constructs': 'constructs' },
  newest: { 'aws-cdk-lib': 'aws-cdk-lib-newest', 'constructs': 'constructs-newest', 'cdk-nag': 'cdk-nag-3' },
} as const;

type CdkVersion = keyof typeof CDK_VERSIONS;

/** What has the cdk-nag that goes with a version of CDK look at an app. */
const NAG: Readonly<Record<CdkVersion, string>> = { floor: 'nag.js', newest: 'nag-3.js' };

const SYNTH_TIMEOUT = 60_000;

/** A newer CDK reads its rules of validation for each app anew, which takes a second: the examples are validated, an app for each flag is only compared. */
const UNVALIDATED = { CDK_VALIDATION: 'false' };

let folder: string;
let tarball: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'examples-'));
  tarball = join(folder, npm('pack', '--ignore-scripts', '--silent', '--pack-destination', folder).trim());
  Object.keys(CDK_VERSIONS).forEach(version => givenNodeModules(version as CdkVersion));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function npm(...args: string[]): string {
  return execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], shell: process.platform === 'win32' });
}

/** What `npm install` brings to an example: the packed library, the CDK of that version, and tsx. */
function givenNodeModules(version: CdkVersion): void {
  const modules = join(folder, version, 'node_modules');
  mkdirSync(join(modules, NAME), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '--strip-components', '1', '-C', join(modules, NAME)]);
  for (const [name, source] of [...Object.entries(CDK_VERSIONS[version]), ['@aws-cdk', '@aws-cdk'], ['tsx', 'tsx'], ['.bin', '.bin']]) {
    symlinkSync(join(ROOT, 'node_modules', source), join(modules, name), 'junction');
  }
}

const allFailures: { [version in CdkVersion]?: Promise<Record<string, string>> } = {};

/** The cloud assembly of an example: all of them at once, for whoever asks first. */
async function synthesized(version: CdkVersion, example: string): Promise<string> {
  const failures = await (allFailures[version] ??= synthesize(version));
  const directory = join(folder, version, example);
  if (directory in failures) {
    throw new Error(failures[directory]);
  }
  return join(directory, 'cdk.out');
}

/** Copies the examples and synthesises them. That each runs alone, by the command of its `cdk.json`, is what its own test sees. */
async function synthesize(version: CdkVersion): Promise<Record<string, string>> {
  const directory = join(folder, version);
  for (const example of EXAMPLES) {
    cpSync(join(ROOT, 'examples', example), join(directory, example), { recursive: true, filter: source => !source.includes('cdk.out') });
  }
  cpSync(join(__dirname, 'synthesize.js'), join(directory, 'synthesize.js'));
  return JSON.parse(await run(version, directory, `npx tsx synthesize.js ${EXAMPLES.join(' ')}`, {}, NAG[version])) as Record<string, string>;
}

/** Runs an app with a version of CDK, after a script. Returns what it prints. */
async function run(version: CdkVersion, directory: string, app: string, env: NodeJS.ProcessEnv = {}, script?: string): Promise<string> {
  const [command, ...args] = app.split(' ');
  const { stdout } = await promisify(execFile)(command, args, {
    cwd: directory,
    env: {
      ...process.env,
      JSII_DEPRECATED: 'fail',
      NODE_OPTIONS: [
        // The newest CDK finds the constructs that is linked beside it, not the one that is installed beside it.
        ...(version === 'newest' ? ['--preserve-symlinks'] : []),
        ...(script === undefined ? [] : ['--require', join(__dirname, script)]),
      ].join(' '),
      ...env,
    },
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  });
  return stdout;
}

/** All files of a cloud assembly and those nested in it. */
function filesOf(assembly: string, suffix: string): string[] {
  return readdirSync(assembly, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith(suffix)).map(file => join(assembly, file));
}

/** The version of aws-cdk-lib that an app was synthesised with. */
function cdkVersionOf(assembly: string): string {
  return JSON.parse(readFileSync(join(assembly, 'tree.json'), 'utf8')).tree.constructInfo.version;
}

function stagesOf(assembly: string): string[] {
  const templates = filesOf(assembly, '.template.json').map(file => JSON.parse(readFileSync(file, 'utf8')) as Template);
  return templates.flatMap(({ Resources }) => Object.values(Resources)).filter(({ Type }) => Type === 'AWS::CodePipeline::Pipeline')
    .flatMap(({ Properties }) => Properties.Stages ?? []).filter(({ Actions = [] }) => Actions.some(({ ActionTypeId }) => ActionTypeId.Provider === 'Lambda'))
    .map(({ Name }) => Name);
}

interface Template {
  readonly Resources: Record<string, { readonly Type: string; readonly Properties: { readonly Stages?: Stage[] } }>;
}

interface Stage {
  readonly Name: string;
  readonly Actions?: { readonly ActionTypeId: { readonly Provider: string } }[];
}

const STAGES: Readonly<Record<string, string[]>> = {
  'basic/typescript': ['InvalidateCloudFrontCache'],
  'cdk-pipelines': ['Staging', 'Production'],
  'changed-files': ['InvalidateCloudFrontCache'],
  'cross-account': ['InvalidateCloudFrontCache'],
  'function-only': [],
  'multi-distribution': ['InvalidateCloudFrontCache'],
  'plain-cloudformation': ['InvalidateCloudFrontCache'],
  'static-website': ['InvalidateCloudFrontCache'],
};

test('every example is tested', () => {
  expect(EXAMPLES).toEqual(Object.keys(STAGES));
});

describe.each(Object.keys(CDK_VERSIONS) as CdkVersion[])('with the packed library and the %s CDK', version => {
  test.each(EXAMPLES)('%s synthesises, without a deprecated call', async example => {
    const assembly = await synthesized(version, example);
    expect(cdkVersionOf(assembly)).toBe(JSON.parse(readFileSync(join(ROOT, 'node_modules', CDK_VERSIONS[version]['aws-cdk-lib'], 'package.json'), 'utf8')).version);
    expect(stagesOf(assembly)).toEqual(STAGES[example]);
  }, SYNTH_TIMEOUT);
});

describe.each(Object.keys(CDK_VERSIONS) as CdkVersion[])('feature flags of the %s CDK', version => {
  /** What a flag's value changes in what the library adds, against the defaults of CDK; all the rest stays as it is. */
  const CHANGES: Readonly<Record<string, RegExp>> = {
    // Fewer statements that allow the same.
    '@aws-cdk/aws-iam:minimizePolicies true': /\/PolicyDocument\/Statement$/,
    // No key, and no permission to use it.
    '@aws-cdk/aws-codepipeline:crossAccountKeysDefaultValueToFalse true': /\/PolicyDocument\/Statement$/,
    // The role of the actions is CDK's: any role of the account may assume it, or the pipeline's alone.
    '@aws-cdk/pipelines:reduceStageRoleTrustScope false': /CodePipelineActionRole\w+\/Properties\/AssumeRolePolicyDocument\/Statement$/,
  };

  test('either value of each that could touch pipelines, functions, keys or policies', async () => {
    const directory = join(folder, version, 'feature-flags');
    cpSync(join(__dirname, '..', 'feature-flags'), directory, { recursive: true });
    const { none, ...byFlag } = JSON.parse(await run(version, directory, 'npx tsx app.ts', UNVALIDATED)) as Record<string, unknown>;
    expect(Object.keys(byFlag).length).toBeGreaterThan(30);
    expect(Object.entries(byFlag)
      .filter(([flag, template]) => !(flag in CHANGES) && differences(none, template).length > 0).map(([flag]) => flag)).toEqual([]);
    for (const [flag, where] of Object.entries(CHANGES)) {
      const changed = differences(none, byFlag[flag]);
      expect(changed.length).toBeGreaterThan(0);
      expect(changed.filter(path => !where.test(path))).toEqual([]);
    }
    const withoutKey = JSON.stringify(byFlag['@aws-cdk/aws-codepipeline:crossAccountKeysDefaultValueToFalse true']);
    expect([JSON.stringify(none), withoutKey].map(template => template.includes('kms:Decrypt'))).toEqual([true, false]);
  }, SYNTH_TIMEOUT);

  /** The paths at which two JSON values differ. */
  function differences(left: unknown, right: unknown, path = ''): string[] {
    if (isObject(left) && isObject(right)) {
      return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap(key => differences(left[key], right[key], `${path}/${key}`));
    }
    return isDeepStrictEqual(left, right) ? [] : [path];
  }

  function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
});

describe('cdk-nag', () => {
  /** Of AwsSolutions: what the examples leave to those who copy them, and what CDK's own constructs do. */
  const ACCEPTED: Readonly<Record<string, string>> = {
    'AwsSolutions-CB4': 'a build project whose artifacts have no key of KMS',
    'AwsSolutions-CFR1': 'a website for all countries',
    'AwsSolutions-CFR2': 'no web ACL: its price is not an example\'s to decide',
    'AwsSolutions-CFR3': 'no access log',
    'AwsSolutions-CFR4': 'the default certificate of CloudFront, since there is no domain',
    'AwsSolutions-IAM4': 'CDK\'s own BucketDeployment',
    'AwsSolutions-IAM5': 'CDK\'s own grants to pipelines, builds and deployments',
    'AwsSolutions-L1': 'CDK\'s own BucketDeployment',
    'AwsSolutions-S1': 'no access log',
  };

  const PACKS = ['AwsSolutions', 'HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321', 'Serverless'];

  /** Left to the user, and answered with a property: docs/cdk-nag.md. cdk-nag 2 finds our reason for the default. */
  const DECISIONS = ['CloudWatchLogGroupEncrypted', 'LambdaConcurrency', 'LambdaDLQ', 'LambdaInsideVPC', 'LambdaTracing'];

  test.each(EXAMPLES)('2: %s: nothing of the library in any pack, and of the rest only what is accepted', async example => {
    const findings = filesOf(await synthesized('floor', example), 'NagReport.json')
      .flatMap(file => (JSON.parse(readFileSync(file, 'utf8')) as { lines: Finding[] }).lines);
    expect(findings
      .filter(({ compliance, ruleId, resourceId }) => compliance === 'Non-Compliant' && !isAccepted(ruleId, resourceId))
      .map(({ ruleId, resourceId }) => `${ruleId} ${resourceId}`)).toEqual([]);
    expect(findings).toContainEqual(expect.objectContaining({
      compliance: 'Suppressed', ruleId: 'AwsSolutions-IAM5', exceptionReason: expect.stringContaining('PutJobSuccessResult'),
    }));
    expect(new Set(findings.map(({ ruleId }) => ruleId.replace(/-\w+$/, '')))).toEqual(new Set(PACKS));
  });

  test.each(EXAMPLES)('3: %s: of the library only what is the user\'s to decide, and of the rest only what is accepted', async example => {
    const { pluginReports } = JSON.parse(readFileSync(join(await synthesized('newest', example), 'validation-report.json'), 'utf8')) as Report;
    const violations = pluginReports.filter(({ pluginName }) => PACKS.includes(pluginName)).flatMap(report => report.violations);
    const findings = violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => ({ ruleId: ruleName.replace(/\[.*/, ''), path: constructPath, line: `${ruleName} ${constructPath}` })));
    const decisions = findings.filter(({ ruleId, path }) => isOurs(path) && DECISIONS.includes(ruleId.replace(/^.*-/, '')));
    expect(findings.filter(finding => !decisions.includes(finding) && !isAccepted(finding.ruleId, finding.path)).map(({ line }) => line)).toEqual([]);
    expect(new Set(decisions.map(({ ruleId }) => ruleId.replace(/^.*-/, '')))).toEqual(new Set(DECISIONS));
  });

  interface Report {
    readonly pluginReports: {
      readonly pluginName: string;
      readonly violations: { readonly ruleName: string; readonly violatingConstructs: { readonly constructPath: string }[] }[];
    }[];
  }

  interface Finding {
    readonly ruleId: string;
    readonly resourceId: string;
    readonly compliance: 'Compliant' | 'Non-Compliant' | 'Suppressed';
    readonly exceptionReason: string;
  }

  function isAccepted(ruleId: string, path: string): boolean {
    return !isOurs(path) && (!ruleId.startsWith('AwsSolutions-') || ruleId in ACCEPTED);
  }

  function isOurs(path: string): boolean {
    return /Invalidat/.test(path);
  }
});

const cfnLint = spawnSync('cfn-lint', ['--version'], { stdio: 'ignore' }).error === undefined;

// Python's: where it is not installed, this is skipped, and Jest says so.
(cfnLint ? describe : describe.skip)('cfn-lint', () => {
  /** Of CDK's own: a lambda.Function depends on its role by name as well; a deploy action of CDK Pipelines joins the ARN of a role. */
  const ACCEPTED = /^W3005 |^E3703 .*\/Configuration\/RoleArn: /;

  let findings: Finding[];

  // All of them at once: it starts for longer than it reads.
  beforeAll(async () => {
    const templates = (await Promise.all(EXAMPLES.map(example => synthesized('newest', example)))).flatMap(assembly => filesOf(assembly, '.template.json'));
    const { stdout, stderr } = spawnSync('cfn-lint', ['--format', 'json', ...templates], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    expect(stderr).toBe('');
    findings = JSON.parse(stdout) as Finding[];
    // What is accepted is there: so it has read them.
    expect(findings.length).toBeGreaterThan(0);
  }, SYNTH_TIMEOUT);

  test.each(EXAMPLES)('%s: nothing but what CDK does itself', async example => {
    const assembly = await synthesized('newest', example);
    expect(findings.filter(({ Filename }) => Filename.startsWith(assembly + sep))
      .map(({ Rule: { Id }, Message, Location: { Path } }) => `${Id} ${Path.join('/')}: ${Message}`).filter(finding => !ACCEPTED.test(finding))).toEqual([]);
  });

  interface Finding {
    readonly Filename: string;
    readonly Rule: { readonly Id: string };
    readonly Message: string;
    readonly Location: { readonly Path: string[] };
  }
});
