import { ReleasableCommits } from 'projen';

/** The types that the title of a pull request may have. */
export const COMMIT_TYPES = ['feat', 'fix', 'perf', 'refactor', 'docs', 'test', 'build', 'ci', 'chore', 'style', 'revert'];

/** Those of them that users notice. */
const RELEASED = ['feat', 'fix', 'perf', 'revert'];

/** What the published packages are made of. */
const PACKAGE = ['src', 'scripts/bundle-handler.ts', 'rosetta', 'README.md', 'LICENSE', 'package.json', 'package-lock.json', '.npmignore'];

const SCOPE = '(\\([^()[:space:]]+\\))?';

/** The commits that make a release: of a type that users notice, or breaking, and in what the packages are made of. */
export const RELEASABLE_COMMITS = ReleasableCommits.exec([
  'git log --no-merges --oneline $LATEST_TAG..HEAD -E',
  `--grep '^(${RELEASED.join('|')})${SCOPE}!?:[[:blank:]]+.+'`,
  `--grep '^[a-z]+${SCOPE}!:[[:blank:]]+.+'`,
  '--grep \'^BREAKING[ -]CHANGE:[[:blank:]]+.+\'',
  `-- ${PACKAGE.join(' ')}`,
].join(' '));

/** The first release is 0.1.0, not 0.0.0. After it, the commits decide. */
export const NEXT_VERSION = 'node -p "process.env.VERSION === \'0.0.0\' ? \'minor\' : \'\'"';

/**
 * The development dependencies that make the function: what is bundled into it, and what bundles it. Each upgrade of these changes what
 * runs in a user's account.
 */
export const FUNCTION_DEPENDENCIES = [
  '@aws-sdk/client-cloudfront',
  '@aws-sdk/client-codepipeline',
  '@aws-sdk/client-s3',
  '@aws-sdk/client-sts',
  '@smithy/service-error-classification',
  'esbuild',
  'jsonc-parser',
  'picomatch',
  'yauzl',
];
