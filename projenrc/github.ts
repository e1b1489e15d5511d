import { type awscdk, github, javascript, JsonFile, YamlFile } from 'projen';
import { FUNCTION_DEPENDENCIES } from './release';

/** Days before a new version of a dependency is taken: time for others to find what is wrong with it. */
export const COOLDOWN_DAYS = 7;

/** Upgrades of tools merge without a person: they must leave the function as it is, byte for byte. */
export function sameFunction(project: awscdk.AwsCdkConstructLibrary, { name, nodeVersion }: { name: string; nodeVersion: string }): void {
  const workflow = new github.GithubWorkflow(project.github!, 'same-function');
  workflow.on({ pullRequest: {} });
  workflow.addJob('same-function', {
    name,
    // Where a job is skipped, its check is green.
    if: "github.head_ref == 'github-actions/upgrade-main'",
    runsOn: ['ubuntu-latest'],
    permissions: { contents: github.workflows.JobPermission.READ },
    env: { CI: 'true' },
    tools: { node: { version: nodeVersion } },
    steps: [
      // What is tested is the merge, and its first parent is main.
      github.WorkflowSteps.checkout({ with: { fetchDepth: 2 } }),
      { run: 'npm ci && npx projen bundle' },
      { run: 'git worktree add --detach "$RUNNER_TEMP/main" HEAD^1' },
      { run: 'npm ci && npx projen bundle', workingDirectory: '${{ runner.temp }}/main' },
      {
        name: 'Compare',
        run: 'diff --recursive --brief "$RUNNER_TEMP/main/assets" assets || { echo "::error::This upgrade changes the function: merge that of upgrade-function-main first, or have a person merge it as a fix."; exit 1; }',
      },
    ],
  });
}

/** Upgrades of what makes the function: a person approves them, and they are released. */
export function upgradeFunction(project: awscdk.AwsCdkConstructLibrary): void {
  new javascript.UpgradeDependencies(project, {
    taskName: 'upgrade-function',
    include: FUNCTION_DEPENDENCIES,
    cooldown: COOLDOWN_DAYS,
    semanticCommit: 'fix',
    pullRequestTitle: 'upgrade what is bundled into the function',
    pullRequestDescription: 'Upgrades what runs in the accounts of users. Read the changes of each package before you approve.',
    workflowOptions: { schedule: javascript.UpgradeDependenciesSchedule.WEEKLY },
  });
}

/** The rules of `main`, for a maintainer to import: every check of a pull request is required. */
export function protectMain(project: awscdk.AwsCdkConstructLibrary, checks: () => string[]): void {
  new JsonFile(project, '.github/rulesets/main.json', {
    marker: false,
    obj: () => ({
      name: 'main',
      target: 'branch',
      enforcement: 'active',
      conditions: { ref_name: { include: ['~DEFAULT_BRANCH'], exclude: [] } },
      bypass_actors: [],
      rules: [
        { type: 'deletion' },
        { type: 'non_fast_forward' },
        { type: 'required_linear_history' },
        {
          type: 'pull_request',
          parameters: {
            required_approving_review_count: 1,
            dismiss_stale_reviews_on_push: true,
            require_code_owner_review: false,
            require_last_push_approval: false,
            required_review_thread_resolution: true,
            allowed_merge_methods: ['squash'],
          },
        },
        {
          type: 'required_status_checks',
          parameters: {
            // Green with the main of today, not with that of last week.
            strict_required_status_checks_policy: true,
            do_not_enforce_on_create: false,
            // 15368 is GitHub Actions: nobody else can report these.
            required_status_checks: checks().map(context => ({ context, integration_id: 15368 })),
          },
        },
      ],
    }),
  });
}

/** The forms for an issue. Questions go to the discussions, vulnerabilities to the private form. */
export function issueForms(project: awscdk.AwsCdkConstructLibrary, repository: string): void {
  const form = (name: string, obj: object) => new YamlFile(project, `.github/ISSUE_TEMPLATE/${name}.yml`, { obj });
  const area = (id: string, label: string, description: string, { required = true, render }: { required?: boolean; render?: string } = {}) =>
    ({ type: 'textarea', id, attributes: { label, description, ...(render && { render }) }, validations: { required } });
  const input = (id: string, label: string, placeholder: string) =>
    ({ type: 'input', id, attributes: { label, placeholder }, validations: { required: true } });

  form('config', {
    blank_issues_enabled: false,
    contact_links: [
      { name: 'Question', url: `${repository}/discussions`, about: 'Ask how to do something, or whether it can be done.' },
      { name: 'Vulnerability', url: `${repository}/security/advisories/new`, about: 'Report it in private.' },
    ],
  });
  form('bug', {
    name: 'Bug',
    description: 'A stage that is green while a page is stale, a stage that is red without a reason, an error at synthesis',
    labels: ['bug'],
    body: [
      { type: 'markdown', attributes: { value: `Is the stage green and your browser still shows the old page? See [Troubleshooting](${repository}#troubleshooting) first: most often it is the browser's own cache.` } },
      area('what', 'What happened, and what did you expect?', 'Quote the message of the action or the error of `cdk synth` in full.'),
      area('code', 'Your code', 'The pipeline, its stages and the invalidation: the least that shows it. Without account ids.', { render: 'typescript' }),
      input('version', 'Version of this library', '0.1.0'),
      input('cdk', 'Version of aws-cdk-lib, and your language', '2.236.0, TypeScript'),
      input('node', 'Version of Node.js that synthesizes (`node --version`)', 'v24.11.0'),
      area('log', 'The function\'s log of this job', 'JSON lines from the log group of the function. They hold no credentials; take out what your organization keeps to itself.', { required: false, render: 'json' }),
      area('diff', '`cdk diff`', 'Where an upgrade or a change of props brought it.', { required: false, render: 'text' }),
    ],
  });
  form('feature', {
    name: 'Feature',
    description: 'Something that the stage, the action or the step should be able to do',
    labels: ['enhancement'],
    body: [
      area('why', 'What do you want to do?', 'Your site, your pipeline, and what is in the way today.'),
      area('how', 'How would you write it?', 'The line of code that you would like to write.', { required: false, render: 'typescript' }),
    ],
  });
}

export const PULL_REQUEST_TEMPLATE = [
  'Fixes #',
  '',
  '## Why',
  '',
  '<!-- What a user could not do, or what went wrong. -->',
  '',
  '## How it was checked',
  '',
  '<!-- The test that fails without this change. -->',
  '',
  '- [ ] The title is a [Conventional Commit](https://www.conventionalcommits.org): it becomes the commit, and decides whether and what is released.',
  '- [ ] What breaks users has a `!` in the title, and stands in `.compatignore` where it changes the API.',
];
