import { awscdk, github, javascript, JsonFile } from 'projen';
import { COOLDOWN_DAYS, issueForms, protectMain, PULL_REQUEST_TEMPLATE, sameFunction, upgradeFunction } from './projenrc/github';
import { COMMIT_TYPES, FUNCTION_DEPENDENCIES, NEXT_VERSION, RELEASABLE_COMMITS } from './projenrc/release';

const NAME = 'cdk-cloudfront-invalidation-stage';

/** The oldest aws-cdk-lib that the package takes, see cdkVersion below. */
const CDK_FLOOR = '2.236.0';

/** The one place where the project says who publishes it and where. */
const ORGANIZATION = 'cdk-cloudfront-invalidation-stage';
const OWNER = {
  author: `${NAME} contributors`,
  organization: ORGANIZATION,
  repository: `https://github.com/${ORGANIZATION}/${NAME}`,
  /** The user that opens the pull requests of upgrades: a GitHub App of the organization, see docs/publishing.md. */
  automation: 'cdk-invalidation-automation[bot]',
};

/** The package's name in each language, as its community would choose it. */
const TARGETS = {
  publishToPypi: { distName: NAME, module: 'cdk_cloudfront_invalidation_stage', trustedPublishing: true },
  publishToMaven: {
    mavenGroupId: `io.github.${OWNER.organization}`,
    mavenArtifactId: NAME,
    javaPackage: 'io.github.cdkcloudfrontinvalidationstage',
  },
  publishToNuget: {
    packageId: 'CdkCloudFrontInvalidationStage',
    dotNetNamespace: 'CdkCloudFrontInvalidationStage',
    trustedPublishing: true,
  },
  publishToGo: { moduleName: `github.com/${OWNER.organization}/${NAME}-go`, packageName: 'cdkcloudfrontinvalidationstage', githubUseSsh: true },
} satisfies Partial<awscdk.AwsCdkConstructLibraryOptions>;

/** The Node.js version of the Lambda runtime that the construct deploys: `LAMBDA_RUNTIME` in the function's source. */
const LAMBDA_NODE_MAJOR = 24;

/**
 * The Node.js versions that apps are synthesised with: those that CDK and jsii support. Both dropped Node.js 20 on 2026-10-30, half a year
 * after its end of life. A version is taken off this list, and out of `engines`, when they drop it.
 */
const NODE_MAJORS = [22, 24];

/** Jest loads CommonJS. Modules that the function imports only when it needs them have the names that Node.js knows them by. */
const JEST_TRANSFORM = {
  '^.+\\.ts$': ['ts-jest', { tsconfig: { target: 'ES2022', module: 'commonjs', esModuleInterop: true, resolveJsonModule: true, isolatedModules: true, inlineSourceMap: true, inlineSources: true }, diagnostics: false }],
};
const JEST_MODULES = {
  [`^${NAME}$`]: '<rootDir>/src/index.ts',
  '^(\\./|\\.\\./\\.\\./src/handler/)((freshness/job|changed-files|failure|manifest|parameters|path-source|paths|role)\\.)js$': ['$1$2ts', '$1$2js'],
};

const project = new awscdk.AwsCdkConstructLibrary({
  name: NAME,
  description: 'Ends stale websites: a CodePipeline stage that invalidates the CloudFront cache and waits until visitors see the new pages.',
  author: OWNER.author,
  authorAddress: '',
  authorOrganization: true,
  repositoryUrl: `${OWNER.repository}.git`,
  license: 'Apache-2.0',
  copyrightOwner: OWNER.author,
  keywords: [
    'aws',
    'awscdk',
    'cache',
    'cache-invalidation',
    'cdk',
    'cloudfront',
    'codepipeline',
    'deployment',
    'invalidation',
    'lambda',
    'static-website',
  ],
  defaultReleaseBranch: 'main',
  packageManager: javascript.NodePackageManager.NPM,
  projenrcTs: true,

  // 2.236.0 is the first release in which both IDistribution and IPipeline extend the `…Ref` interfaces of
  // aws-cdk-lib/interfaces, so that one prop takes an L2, an L1 or an imported resource.
  cdkVersion: CDK_FLOOR,
  // What aws-cdk-lib 2.236.0 was built with: its Go package does not compile with a newer one.
  constructsVersion: '10.4.5',
  // The 5.x line is in maintenance; 6.0 compiles the `…Ref` interfaces imported from aws-cdk-lib/interfaces.
  jsiiVersion: '~6.0.0',
  // TypeScript 7 has no compiler API yet for typescript-eslint and ts-jest; 6.0 is what jsii 6.0 compiles with. 7 checks types, a third of the time.
  typescriptVersion: '~6.0.0',

  ...TARGETS,
  releaseToNpm: true,
  npmTrustedPublishing: true,
  // No commit makes it 1.0.0: a person does, here.
  majorVersion: 0,
  nextVersionCommand: NEXT_VERSION,
  releasableCommits: RELEASABLE_COMMITS,
  // Only the release workflow on main gets the secrets of this environment.
  releaseEnvironment: 'release',

  githubOptions: {
    mergify: false,
    projenCredentials: github.GithubCredentials.fromApp(),
    pullRequestLintOptions: { semanticTitleOptions: { types: COMMIT_TYPES } },
  },
  pullRequestTemplateContents: PULL_REQUEST_TEMPLATE,

  // Tools merge by themselves once every check is green. What makes the function has a workflow of its own.
  autoApproveOptions: { allowedUsernames: [OWNER.automation] },
  autoApproveUpgrades: true,
  depsUpgradeOptions: {
    exclude: FUNCTION_DEPENDENCIES,
    cooldown: COOLDOWN_DAYS,
    pullRequestTitle: 'upgrade tools',
    // On Tuesdays, after what makes the function on Mondays.
    workflowOptions: { schedule: javascript.UpgradeDependenciesSchedule.expressions(['0 0 * * 2']) },
  },

  // The handler is bundled below; the construct finds the bundle by itself, so no generated construct is wanted.
  lambdaAutoDiscover: false,
  edgeLambdaAutoDiscover: false,
  singletonLambdaAutoDiscover: false,
  lambdaExtensionAutoDiscover: false,
  integrationTestAutoDiscover: false,
  // Lambda code stays out of the jsii assembly.
  excludeTypescript: ['src/handler/**'],

  devDeps: [
    '@arethetypeswrong/cli',
    '@aws-cdk/aws-service-spec',
    '@aws-cdk/integ-runner@^2',
    `@aws-cdk/integ-tests-alpha@${CDK_FLOOR}-alpha.0`,
    '@aws-sdk/client-cloudfront',
    '@aws-sdk/client-cloudwatch-logs',
    '@aws-sdk/client-codepipeline',
    '@aws-sdk/client-s3',
    '@aws-sdk/client-sts',
    '@smithy/service-error-classification',
    '@stryker-mutator/core@10.0.0',
    '@stryker-mutator/jest-runner@10.0.0',
    '@types/picomatch',
    '@types/yauzl',
    '@types/yazl',
    `@types/node@^${LAMBDA_NODE_MAJOR}`,
    // Beside the floor, for the examples: upgraded with the rest.
    'aws-cdk-lib-newest@npm:aws-cdk-lib@^2',
    'cdk-nag@^2',
    // What it says of the newest CDK: it does not run with the floor.
    'cdk-nag-3@npm:cdk-nag@^3',
    'constructs-newest@npm:constructs@^10',
    // 18 needs Node.js 22.
    'dependency-cruiser@^17',
    'esbuild',
    'fast-check',
    'fast-xml-parser',
    'jsonc-parser',
    // Puts Lambda's own Node.js version first on the path of every npm script.
    `node@^${LAMBDA_NODE_MAJOR}`,
    'picocolors',
    'picomatch',
    'publint',
    'tsx',
    'typescript-7@npm:typescript@^7',
    'yaml',
    'yauzl',
    'yazl',
  ],

  // One tsconfig at the root, for tests, tools and editors alike.
  disableTsconfig: true,
  tsconfigDevFile: 'tsconfig.dev.json',
  tsconfigDev: {
    include: ['.projenrc.ts', 'src/**/*.ts', 'test/**/*.ts', 'sandbox/**/*.ts', 'examples/**/*.ts', 'scripts/**/*.ts', 'benchmark/**/*.ts'],
    compilerOptions: {
      target: 'ES2022',
      lib: ['es2022'],
      skipLibCheck: true,
      // Examples import the library by its name, as a user's app does.
      paths: { [NAME]: ['./src/index.ts'] },
    },
  },
  jestOptions: {
    jestVersion: '^30',
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    configFilePath: 'jest.config.json',
    jestConfig: {
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      // The handler is tested as the bundle that ships, in a process of its own: coverage by lines would not see it.
      collectCoverage: false,
      testTimeout: 30_000,
      // The handler's tests wait more than they compute.
      maxWorkers: '100%',
      // What takes long has a task of its own: test:slow.
      testPathIgnorePatterns: ['/node_modules/', '\\.slow\\.test\\.ts$'],
      maxConcurrency: 5,
      // Packages that tests pack, install and synthesise are no packages of this project.
      moduleNameMapper: JEST_MODULES,
      modulePathIgnorePatterns: ['<rootDir>/cdk.out/', '<rootDir>/dist/', '<rootDir>/.stryker-tmp/'],
    },
  },
  eslintOptions: {
    tsconfigPath: './tsconfig.dev.json',
    projectService: false,
    dirs: ['src', 'scripts'],
    devdirs: ['test', 'sandbox', 'examples', 'scripts', 'benchmark'],
  },
  sampleCode: false,
  stability: 'experimental',
  minNodeVersion: `${NODE_MAJORS[0]}.0.0`,
  workflowNodeVersion: `${LAMBDA_NODE_MAJOR}`,
  gitignore: ['/assets/', '/.jsii.tabl.json', 'cdk.out/'],
});

// Not among the options: what projen adds itself would take it back.
project.jest!.config.transform = JEST_TRANSFORM;
project.gitignore.addPatterns('/test/integration/*.snapshot/asset.*', '/test/integration/outputs.json', '__pycache__/', '/.stryker-tmp/', '/reports/');

for (const pattern of ['!/assets/', '/sandbox/', '/examples/', '/benchmark/', '/scripts/', '/docs/', '/.ci/', '/jest.config.json', '/stryker.config.json', '/.dependency-cruiser.json', '/models/', '/reports/', '*.tsbuildinfo', '/CONTRIBUTING.md', '/SECURITY.md', '/CHANGELOG.md']) {
  project.addPackageIgnore(pattern);
}

// What the handler imports is bundled, not depended on.
project.eslint?.allowDevDeps('src/handler/**');

project.package.addField('overrides', {
  // 1.13.0 names bindings of some platforms that the registry did not have, with which npm ci refuses any lock file.
  'unrs-resolver': '1.12.2',
  // The Go package requires what is installed: without this, what the newest CDK beside the floor needs.
  '@aws-cdk/asset-node-proxy-agent-v6': '2.1.0',
  // These want a newer constructs beside them than the floor. Where the newest CDK is used, constructs-newest is.
  'aws-cdk-lib-newest': { constructs: '$constructs' },
  'cdk-nag': { constructs: '$constructs' },
  'cdk-nag-3': { 'aws-cdk-lib': '$aws-cdk-lib', 'constructs': '$constructs' },
});

project.package.addField('type', 'commonjs');
project.package.addField('repository', { type: 'git', url: `git+${OWNER.repository}.git` });

// npm asks before it runs the install scripts of packages: these two only unpack a binary.
project.package.addField('allowScripts', { esbuild: true, node: true });

const bundle = project.addTask('bundle', {
  description: 'Bundle the Lambda handler into assets/',
  exec: 'tsx scripts/bundle-handler.ts',
});
project.preCompileTask.spawn(bundle);

const typecheck = project.addTask('typecheck', {
  description: 'Check the types of everything that jsii does not compile: handler, tests, sandbox, examples',
  exec: 'node node_modules/typescript-7/bin/tsc --noEmit --project tsconfig.dev.json',
});

// Who may import whom. ESLint's import/no-cycle does not see imports of types.
new JsonFile(project, '.dependency-cruiser.json', {
  marker: false,
  obj: {
    forbidden: [
      { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
      {
        name: 'handler-and-constructs-meet-in-the-contract',
        severity: 'error',
        from: { path: '^src/handler/' },
        to: { path: '^src/', pathNot: '^src/(handler/|contract\\.ts$)' },
      },
      { name: 'constructs-do-not-import-the-handler', severity: 'error', from: { path: '^src/', pathNot: '^src/handler/' }, to: { path: '^src/handler/' } },
      { name: 'the-handler-knows-no-cdk', severity: 'error', from: { path: '^src/(handler/|contract\\.ts$)' }, to: { path: '(aws-cdk-lib|constructs)(/|$)' } },
      { name: 'what-ships-needs-nothing-else', severity: 'error', from: { path: '^src/' }, to: { path: '^(sandbox|benchmark|test|examples|scripts)/' } },
      { name: 'tests-do-not-need-benchmarks', severity: 'error', from: { path: '^(test|sandbox|scripts)/' }, to: { path: '^benchmark/' } },
      { name: 'the-build-needs-no-sandbox', severity: 'error', from: { path: '^scripts/' }, to: { path: '^(sandbox|test)/' } },
      { name: 'the-sandbox-stands-alone', severity: 'error', from: { path: '^sandbox/' }, to: { path: '^(src|test|examples)/' } },
    ],
    options: {
      doNotFollow: { path: 'node_modules' },
      tsPreCompilationDeps: true,
      tsConfig: { fileName: 'tsconfig.dev.json' },
    },
  },
});
const imports = project.addTask('lint:imports', {
  description: 'Refuse imports that go in circles, and those from one layer to another that must not know it',
  exec: 'depcruise --config .dependency-cruiser.json src sandbox test benchmark scripts examples',
});

// Every example in the README and in the doc comments compiles, with rosetta/default.ts-fixture around it. The fixture and the translations
// ship: without them, Construct Hub and the packages of other languages guess.
const rosetta = project.addTask('rosetta', {
  description: 'Compile the examples of the README, of the doc comments and of docs/, and translate those that the package ships',
  steps: [{ exec: 'jsii-rosetta extract --compile --strict --batch' }, { exec: 'tsx --tsconfig tsconfig.dev.json scripts/compile-documents.ts' }],
});

const integration = project.addTask('integ', {
  description: 'Compare the apps in test/integration with their snapshots; with --update-on-failed, deploy those that differ to an AWS account',
  exec: 'integ-runner --directory test/integration --language typescript --app "tsx --tsconfig tsconfig.dev.json {filePath}"',
  receiveArgs: true,
});

project.addTask('observe', {
  description: 'Record how AWS behaves where its documentation does not say, in the account with the stack of the integration test; --sandbox observes the sandbox, and only prints',
  steps: [{ spawn: bundle.name }, { exec: 'tsx --tsconfig tsconfig.dev.json test/observations/index.ts', receiveArgs: true }],
});

// The tests use what ships: the bundle and the compiled package. What needs neither Jest nor a moment of its own takes the time that Jest waits.
project.testTask.reset();
project.testTask.spawn(bundle);
project.testTask.spawn(project.compileTask);
project.testTask.exec(`tsx scripts/run-tests.ts ${typecheck.name} ${imports.name} -- --ci`, { receiveArgs: true });

// Linting takes longest, and tells least of whether it works: a build does it.
project.postCompileTask.spawn(project.eslint!.eslintTask);

const slowTests = project.addTask('test:slow', {
  description: 'Run the tests that take long: the package, the examples with the oldest and the newest CDK, the snapshots of the integration test, the demo to its end, what is believed of AWS, a release',
  steps: [
    { spawn: bundle.name },
    { spawn: project.compileTask.name },
    { spawn: rosetta.name },
    { spawn: integration.name },
    { exec: 'jest --ci --testPathIgnorePatterns /node_modules/ --testMatch "<rootDir>/test/**/*.slow.test.ts"', receiveArgs: true },
  ],
});

// A build needs nothing but Node.js. The release workflow packages for the other languages, each with its own tools: package-all.
project.packageTask.reset();
project.packageTask.spawn(project.tasks.tryFind('package:js')!);

// What the machine has the tools for, and a word about the rest. The release workflow calls package:java and its like one by one.
const packageAll = project.tasks.tryFind('package-all')!;
packageAll.reset('tsx scripts/package-all.ts');

const languages = project.addTask('test:languages', {
  description: 'Install the package of each language in its example, and compare what they synthesise; takes names of languages',
});
languages.spawn(bundle);
languages.spawn(project.compileTask);
languages.spawn(packageAll);
languages.exec('tsx scripts/test-languages.ts', { receiveArgs: true });

project.addTask('test:package-managers', {
  description: 'Install the packed library with npm, pnpm and yarn, and synthesise the README\'s one line with it',
  steps: [{ spawn: bundle.name }, { spawn: project.compileTask.name }, { exec: 'tsx scripts/test-package-managers.ts' }],
});

project.addTask('judge:iam', {
  description: 'Have another\'s simulator of IAM judge the policies of every example, and of every kind of pipeline, paths, check and target',
  steps: [{ spawn: bundle.name }, { exec: 'tsx --tsconfig tsconfig.dev.json test/judges/iam.ts' }],
});

project.addTask('combinations', {
  description: 'Synthesise every combination of stacks, Regions, accounts, pipelines and paths, and have them judged; --every N and --only TEXT do fewer',
  steps: [{ spawn: bundle.name }, { exec: 'tsx --tsconfig tsconfig.dev.json test/combinations/index.ts', receiveArgs: true }],
});

project.addTask('judge:moto', {
  description: 'Run the function against moto\'s CloudFront, S3 and STS, also for changed files and a check of freshness, and create the template with moto\'s CloudFormation',
  steps: [{ spawn: bundle.name }, { exec: 'tsx --tsconfig tsconfig.dev.json test/judges/moto.ts' }],
});

project.addTask('judge:runtime', {
  description: 'Run the tests of the function and of the sandbox\'s Lambda with AWS\'s own client in the process of each function',
  steps: [{ spawn: bundle.name }, { exec: 'tsx --tsconfig tsconfig.dev.json test/judges/runtime.ts' }],
});

const reliability = project.addTask('reliability', { description: 'Try faults, random lives, scale and broken input, all of it, and write docs/reliability.md' });
const faults = project.addTask('reliability:faults', {
  description: 'Try every fault at every call of the function; --only TEXT and --every N do fewer, --write puts them into docs/reliability.md',
  steps: [{ spawn: bundle.name }, { exec: 'tsx --tsconfig tsconfig.dev.json test/reliability/faults.ts', receiveArgs: true }],
});
const model = project.addTask('reliability:model', {
  description: 'Hold random lives of a job against the model of one; --runs N and --seed N change what, --write puts the figures into docs/reliability.md',
  steps: [{ spawn: bundle.name }, { exec: 'tsx --tsconfig tsconfig.dev.json test/reliability/model.ts', receiveArgs: true }],
});
const lives = project.addTask('reliability:lives', {
  description: 'Hold random lives of a site against the rule that green is never stale; --runs N, --seed N and --shape S change what, --write puts the figures into docs/reliability.md',
  steps: [{ spawn: bundle.name }, { exec: 'tsx --tsconfig tsconfig.dev.json test/reliability/lives.ts', receiveArgs: true }],
});
const scale = project.addTask('reliability:scale', {
  description: 'Run hundreds of deployments at the same time; --only TEXT does fewer, --write puts the figures into docs/reliability.md',
  steps: [{ spawn: bundle.name }, { exec: 'tsx --tsconfig tsconfig.dev.json test/reliability/scale.ts', receiveArgs: true }],
});
const fuzz = project.addTask('reliability:fuzz', {
  description: 'Feed the function broken input of every kind; --runs N and --seed N change what, --write puts the figures into docs/reliability.md',
  env: { NODE_OPTIONS: '--expose-gc' },
  exec: 'tsx --tsconfig tsconfig.dev.json test/reliability/fuzz.ts',
  receiveArgs: true,
});
// All of src but the list of exports and what the function does at init. Tests that run the bundle would not see a change, so they are left out.
new JsonFile(project, 'stryker.config.json', {
  marker: false,
  obj: {
    packageManager: 'npm',
    plugins: ['@stryker-mutator/jest-runner'],
    testRunner: 'jest',
    coverageAnalysis: 'perTest',
    reporters: ['clear-text', 'json'],
    clearTextReporter: { logTests: false, reportTests: false, reportMutants: false },
    jsonReporter: { fileName: 'reports/mutation.json' },
    timeoutMS: 20_000,
    ignoreStatic: true,
    ignorePatterns: ['lib', 'dist', 'cdk.out', 'coverage', '.jsii', 'docs', 'test-reports', 'examples/*/cdk.out', '/reports'],
    mutate: ['src/*.ts', '!src/index.ts', 'src/private/*.ts', 'src/handler/**/*.ts', '!src/handler/warm-up.ts'],
    jest: {
      projectType: 'custom',
      enableFindRelatedTests: false,
      config: {
        transform: JEST_TRANSFORM,
        moduleNameMapper: JEST_MODULES,
        clearMocks: true,
        reporters: [],
        testEnvironment: './test/reliability/mutation-environment.js',
        testTimeout: 10_000,
        testMatch: [
          '<rootDir>/test/@(cloudfront|contract|invalidation|nag)*.test.ts', '<rootDir>/test/private/*.test.ts',
          '<rootDir>/test/handler/!(another-account|artifacts|faults|handler|partitions|rollback|runtime|security|warm-up|*.slow).test.ts',
          '<rootDir>/test/handler/freshness/@(addresses|check|content|edge-model|elsewhere|files|job-check|pages|select|verdict|visit).test.ts',
        ],
      },
    },
  },
});
project.addTask('mutation', {
  description: 'Change the source in every way that should matter, and see that a test fails; --write puts the figures into docs/reliability.md',
  steps: [{ spawn: bundle.name }, { exec: 'stryker run' }, { exec: 'tsx --tsconfig tsconfig.dev.json test/reliability/mutation.ts', receiveArgs: true }],
});
project.addTask('upgrade:consumers', {
  description: 'Synthesise the examples of the last release, or of the commit that is named, with its library and with this one, and refuse what an upgrade would replace unless CHANGELOG.md names it',
  steps: [{ spawn: bundle.name }, { exec: 'tsx --tsconfig tsconfig.dev.json test/upgrade/index.ts', receiveArgs: true }],
});

project.addTask('prerelease', {
  description: 'Run all slow checks, and print a page of what they have found; --part is what .ci/run does',
  exec: 'tsx scripts/prerelease.ts',
  receiveArgs: true,
});

for (const part of [faults, model, lives, scale, fuzz]) {
  reliability.spawn(part, { args: ['--write'] });
}

const audit = project.addTask('audit', {
  description: 'Ask npm for known vulnerabilities of what ships',
  steps: [{ spawn: bundle.name }, { exec: 'npm audit --omit=dev' }, { exec: 'tsx scripts/audit-bundle.ts' }],
});

project.addTask('benchmark', {
  description: 'Print what the library costs beside what a user would pick instead; with --write, also write docs/performance.md, its plots and the baseline',
  steps: [
    { spawn: bundle.name },
    { spawn: project.compileTask.name },
    { exec: 'tsx --tsconfig tsconfig.dev.json benchmark/index.ts', receiveArgs: true },
  ],
});
project.addTask('benchmark:changed-files', {
  description: 'Print what changedFiles reads, computes and spares; with --write, also write docs/changed-files.md and its plot',
  exec: 'tsx --tsconfig tsconfig.dev.json benchmark/changed-files.ts',
  receiveArgs: true,
});

// A script, not a task: a task would take an argument with a space in it for two, and every failure for exit code 1.
project.package.setScript('demo', 'tsx scripts/bundle-handler.ts && tsx --tsconfig tsconfig.dev.json examples/static-website/demo/main.ts');

project.addTask('demo:picture', {
  description: 'Play the demo, and draw what happened: writes docs/demo.svg',
  steps: [{ spawn: bundle.name }, { exec: 'tsx --tsconfig tsconfig.dev.json examples/static-website/demo/picture.ts' }],
});

// A change that breaks an app is a new minor version before 1.0.0, and is named in .compatignore. An experimental API is one that people use,
// too: without --error-on, jsii-diff only warns.
project.tasks.tryFind('compat')!.reset(`jsii-diff npm:${NAME} --keys --ignore-file .compatignore --error-on all`);
project.buildWorkflow?.addPostBuildSteps(
  { name: 'slow tests', run: `npx projen ${slowTests.name}` },
  { name: 'compat', run: 'npx projen compat' },
  { name: 'audit', run: `npx projen ${audit.name}` },
);

// Without install scripts the `node` package brings no Node.js, so that everything runs on the version at hand.
const nodeVersions = new github.GithubWorkflow(project.github!, 'node-versions');
nodeVersions.on({ pullRequest: {}, workflowDispatch: {} });
nodeVersions.addJob('node', {
  name: 'Node.js ${{ matrix.node }}',
  runsOn: ['ubuntu-latest'],
  permissions: { contents: github.workflows.JobPermission.READ },
  strategy: { matrix: { domain: { node: NODE_MAJORS.map(String) } } },
  env: { CI: 'true' },
  tools: { node: { version: '${{ matrix.node }}' } },
  steps: [
    github.WorkflowSteps.checkout(),
    { run: 'npm ci --ignore-scripts' },
    { run: 'npm test' },
  ],
});

const languagesWorkflow = new github.GithubWorkflow(project.github!, 'languages');
languagesWorkflow.on({ pullRequest: {}, workflowDispatch: {} });
languagesWorkflow.addJob('languages', {
  runsOn: ['ubuntu-latest'],
  permissions: { contents: github.workflows.JobPermission.READ },
  env: { CI: 'true' },
  tools: { node: { version: `${LAMBDA_NODE_MAJOR}` }, python: { version: '3.x' }, java: { version: '17' }, dotnet: { version: '8.x' }, go: { version: '1.25' } },
  steps: [
    github.WorkflowSteps.checkout(),
    { run: 'npm ci' },
    { run: 'npx projen test:languages' },
  ],
});

upgradeFunction(project);
sameFunction(project, { name: 'The function is the same', nodeVersion: `${LAMBDA_NODE_MAJOR}` });
// Approved by the workflow above or by a person, an upgrade waits for the required checks and no longer.
new github.AutoQueue(project, { allowedUsernames: [OWNER.automation] });
protectMain(project, () => [
  ...project.buildWorkflow!.buildJobIds,
  ...NODE_MAJORS.map(major => `Node.js ${major}`),
  'languages',
  'The function is the same',
  'Validate PR title',
]);
issueForms(project, OWNER.repository);

// jsii writes a tsconfig.json that git must not see; projen's own, for this file, it must.
project.gitignore.removePatterns('tsconfig.json');
project.gitignore.addPatterns('/tsconfig.json');

project.synth();
