import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { Edge, Sandbox } from '../../../sandbox';
import { actionMark, type JobParameters } from '../../../src/contract';
import { Busy, Failure, InProgress } from '../../../src/handler/failure';
import { lookBeforeInvalidation, openCheck, type CheckedJob } from '../../../src/handler/freshness/job';
import { checkParameters } from '../../../src/handler/parameters';
import { digestOf } from '../../../src/handler/paths';
import { begin, type CheckProgress, type FoundPaths, type Progress } from '../../../src/handler/progress';
import { givenArchive } from '../../given-archive';
import { givenClients } from '../../given-clients';

// A job's check in the tests' own process. Whole jobs are in job.test.ts.
const MINUTE = 60_000;

/** Time stands still, in the middle of a second. */
const NOW = Math.floor(Date.now() / 1000) * 1000 + 500;
const UNTIL = NOW + MINUTE;

/** When the invalidation of most tests was created. */
const CREATED = NOW - 10_000;

/** In the order in which a check visits them. */
const SITE = { 'index.html': 'home', 'about.html': 'about', 'robots.txt': 'robots' };

let sandbox: Sandbox;
let edge: Edge;
let origin: string;
let count = 0;
let pipelineName: string;
let artifact: NonNullable<CheckedJob['artifact']>;

beforeAll(async () => {
  sandbox = await Sandbox.start();
  givenClients(sandbox, 's3:GetObject', 'codepipeline:ListActionExecutions');
});

afterAll(() => sandbox.stop());

beforeEach(async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  jest.spyOn(Date, 'now').mockReturnValue(NOW);
  pipelineName = `Website${++count}`;
  artifact = { name: 'site', location: siteAt('current') };
  await givenArtifact('current', SITE);
  sandbox.requests.splice(0);
  origin = mkdtempSync(join(tmpdir(), 'job-check-'));
  edge = await Edge.start({ clock: { now: () => NOW }, cloudFront: { onInvalidation: () => {} }, distributionId: 'E2WEBSITE', origin });
});

afterEach(async () => {
  jest.restoreAllMocks();
  await edge.stop();
  rmSync(origin, { recursive: true, force: true });
});

const siteAt = (key: string) => ({ bucket: 'artifacts', key: `${pipelineName}/${key}` });

async function givenArtifact(key: string, files: Readonly<Record<string, string>>): Promise<void> {
  sandbox.s3.put('artifacts', siteAt(key).key, await givenArchive(files));
}

/** The edge has copies of this age, in seconds. */
function givenCopies(copies: Readonly<Record<string, number>>, xCache: 'Hit' | 'Miss' = 'Hit'): void {
  for (const [url, age] of Object.entries(copies)) {
    const body = SITE[(url === '/' ? 'index.html' : url.slice(1)) as keyof typeof SITE];
    const headers = { 'x-cache': `${xCache} from cloudfront`, 'age': String(age), 'x-amz-cf-pop': 'DUB56-P1' };
    edge.faults.add({ path: url, fault: { status: 200, headers, body } });
  }
}

interface Job {
  readonly check: 'pages' | 'files' | 'none';
  /** Of the site: those of `pages`. */
  readonly urls?: readonly string[];
  readonly options?: object;
  readonly paths?: JobParameters['paths'];
  readonly progress?: Partial<Progress>;
  readonly found?: CheckedJob['found'];
  readonly isWithoutArtifact?: boolean;
}

function givenJob({ check, urls = ['/'], options, paths = ['/*'], progress = {}, found, isWithoutArtifact = false }: Job): CheckedJob {
  const freshnessCheck = check === 'none' ? null : check === 'pages'
    ? { pages: urls.map(url => edge.url + url) }
    : { files: { url: edge.url, ...options } };
  return {
    parameters: checkParameters({ distributionId: 'E2WEBSITE', freshnessCheck, paths }, {}),
    artifact: isWithoutArtifact ? undefined : artifact,
    progress: { ...begin('job-1', 'E2WEBSITE'), ...progress },
    found,
  };
}

/** A job that has invalidated: everything in this invocation, unless it says otherwise. */
function givenInvalidated({ progress, ...job }: Job): CheckedJob {
  const found = progress?.found === undefined ? { paths: ['/*'] } : undefined;
  const check = { seen: ALL_SEEN, ...progress?.check };
  return givenJob({ found, ...job, progress: { createTime: new Date(CREATED).toISOString(), ...progress, check } });
}

/** What a single look at the pages comes to. */
async function look(job: CheckedJob): Promise<'fresh' | Error> {
  const check = await openCheck(job, UNTIL);
  return check.look(UNTIL).then(() => 'fresh' as const, (error: Error) => error);
}

function logged(): Record<string, unknown>[] {
  return jest.mocked(process.stdout.write).mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
}

/** Each page, and what a look at it has seen. */
function seen(): Record<string, unknown> {
  return Object.fromEntries(logged().filter(({ state }) => state !== undefined).map(({ url, state }) => [String(url).slice(edge.url.length), state]));
}

function warnings(): Record<string, unknown>[] {
  return logged().filter(({ level }) => level === 'WARN');
}

const visited = () => edge.visits.map(({ url }) => url);
const operations = () => sandbox.requests.map(({ operation }) => operation);

/** The indexes of all pages of a check. */
const ALL_SEEN = Array.from({ length: 50 }, (_, index) => index);

const NEEDS_ARTIFACT = 'freshnessCheck needs the files of an artifact, but the action has no input artifact: add one';

describe('before the invalidation', () => {
  test('pages are visited, and which of them could be is known', async () => {
    givenCopies({ '/': 100, '/about.html': 200 }, 'Miss');
    givenCopies({ '/robots.txt': 300 });
    expect(await lookBeforeInvalidation(givenJob({ check: 'pages', urls: ['/about.html', '/robots.txt', '/'] }), UNTIL)).toEqual([0, 1, 2]);
    expect(visited().sort()).toEqual(['/', '/about.html', '/robots.txt']);
  });

  test('the pages of files are visited, and which of them could be is known', async () => {
    givenCopies({ '/': 100, '/robots.txt': 300 }, 'Miss');
    givenCopies({ '/about.html': 200 });
    expect(await lookBeforeInvalidation(givenJob({ check: 'files', found: { paths: ['/*'] } }), UNTIL)).toEqual([0, 1, 2]);
    expect(visited().sort()).toEqual(['/', '/about.html', '/robots.txt']);
  });

  test('a job without a check visits nothing, and has nothing to check', async () => {
    expect(await lookBeforeInvalidation(givenJob({ check: 'none' }), UNTIL)).toEqual([]);
    await openCheck(givenJob({ check: 'none' }), UNTIL);
    expect(visited()).toEqual([]);
  });

  test('an artifact that is missing is for the check to tell', async () => {
    expect(await lookBeforeInvalidation(givenJob({ check: 'files', isWithoutArtifact: true }), UNTIL)).toEqual([]);
    expect(warnings()).toEqual([expect.objectContaining({ message: 'Pages cannot be visited before the invalidation', reason: NEEDS_ARTIFACT })]);
  });

  test('an artifact that cannot be read for a moment is read again, since a check proves nothing without a visit before', async () => {
    sandbox.faults.add({ service: 's3', operation: 'GetObject', fault: { throttle: true }, times: 2 });
    expect(await lookBeforeInvalidation(givenJob({ check: 'files', found: { paths: ['/*'] } }), UNTIL)).toEqual([0, 1, 2]);
    expect(warnings()).toEqual(Array(2).fill(expect.objectContaining({ reason: expect.stringMatching(/^S3 did not answer GetObject/) })));
  });

  test('an artifact that cannot be read for longer does not stop the invalidation', async () => {
    const fault = sandbox.faults.add({ service: 's3', operation: 'GetObject', fault: { throttle: true }, times: Infinity });
    expect(await lookBeforeInvalidation(givenJob({ check: 'files', found: { paths: ['/*'] } }), UNTIL)).toEqual([]);
    expect(fault.hits).toBe(3);
    fault.remove();
  });

  test('a mistake of the function itself is not hidden', async () => {
    const job = givenJob({ check: 'pages' });
    const broken = { ...job, parameters: { ...job.parameters, freshnessCheck: { pages: ['no URL'] } } };
    await expect(lookBeforeInvalidation(broken, UNTIL)).rejects.toMatchObject({ name: 'TypeError', message: 'Invalid URL' });
  });
});

describe('a check that cannot begin', () => {
  test('has no artifact', async () => {
    const opening = openCheck(givenInvalidated({ check: 'files', isWithoutArtifact: true }), UNTIL);
    await expect(opening).rejects.toBeInstanceOf(Failure);
    await expect(opening).rejects.toMatchObject({ type: 'ConfigurationError', message: NEEDS_ARTIFACT });
  });

  test('has an artifact that cannot be read for now', async () => {
    sandbox.faults.add({ service: 's3', operation: 'GetObject', fault: { throttle: true }, times: 1 });
    await expect(openCheck(givenInvalidated({ check: 'files' }), UNTIL)).rejects.toBeInstanceOf(Busy);
  });

  test('is not one of pages: they need no artifact', async () => {
    givenCopies({ '/': 0 });
    expect(await look(givenInvalidated({ check: 'pages', isWithoutArtifact: true }))).toBe('fresh');
  });
});

describe('a check', () => {
  test.each([
    ['files', 'seen fresh'], ['pages', 'fetched again'],
  ] as const)('of %s says which page was not %s', async (check, goal) => {
    givenCopies({ '/': 60, '/about.html': 0, '/robots.txt': 0 });
    const error = await look(givenInvalidated({ check }));
    expect(error).toBeInstanceOf(InProgress);
    expect(String(error)).toContain(`${edge.url}/ was not ${goal}: expected a copy newer than the invalidation 10 seconds ago`);
  });

  test.each<[string, Job, number]>([
    ['of pages', { check: 'pages' }, 120_000],
    ['of files', { check: 'files' }, 120_000],
    ['of files with a timeout', { check: 'files', options: { timeoutSeconds: 30 } }, 30_000],
    ['of files with a long timeout', { check: 'files', options: { timeoutSeconds: 7_200 } }, 7_200_000],
  ])('%s gives up in time', async (_, job, milliseconds) => {
    givenCopies({ '/': 60, '/about.html': 0, '/robots.txt': 0 });
    const at = (elapsed: number) => look(givenInvalidated({ ...job, progress: { check: { since: NOW - elapsed } } }));
    expect(await at(milliseconds - 1)).toBeInstanceOf(InProgress);
    expect(await at(milliseconds)).toBeInstanceOf(Failure);
  });

  test.each([
    ['files', 3, undefined], ['pages', 1, 1],
  ] as const)('of %s notes in the progress what it has seen', async (check, pages, anew) => {
    givenCopies({ '/': 0, '/about.html': 0, '/robots.txt': 0 });
    const job = givenInvalidated({ check });
    expect(await look(job)).toBe('fresh');
    expect(job.progress.check).toEqual({ seen: ALL_SEEN, since: NOW, pages, anew, location: 'DUB56-P1' });
  });

  test.each(['files', 'pages'] as const)('of %s fails at the third hopeless look, also where an earlier invocation had two', async kind => {
    edge.faults.add({ path: '/about.html', fault: { status: 404 } });
    const check: CheckProgress = { since: NOW - 1_000, hopeless: 2 };
    const job = givenInvalidated({ check: kind, urls: ['/about.html'], options: { include: ['about.html'] }, progress: { check } });
    expect(await look(job)).toBeInstanceOf(Failure);
    expect(job.progress.check?.hopeless).toBe(3);
  });

  test('of pages does not visit again what an earlier invocation saw', async () => {
    givenCopies({ '/about.html': 0 });
    const job = givenInvalidated({ check: 'pages', urls: ['/', '/about.html', '/robots.txt'], progress: { check: { since: NOW, anew: 0b101 } } });
    expect(await look(job)).toBe('fresh');
    expect(visited()).toEqual(['/about.html']);
    expect(job.progress.check).toMatchObject({ anew: 0b111, pages: 3 });
  });

  test('of files has the same pages in each invocation of a job, and others in another job', async () => {
    await givenArtifact('current', Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${index}.html`, '1'])));
    const visitedBy = async (callerReference: string) => {
      edge.visits.length = 0;
      await look(givenInvalidated({ check: 'files', options: { maxPages: 5 }, progress: { callerReference } }));
      return visited().sort();
    };
    const first = await visitedBy('job-1');
    expect(first).toHaveLength(5);
    expect(await visitedBy('job-1')).toEqual(first);
    expect(await visitedBy('job-2')).not.toEqual(first);
  });
});

describe.each(['files', 'pages'] as const)('a copy of %s', check => {
  const options = { include: ['about.html'] };
  const urls = ['/about.html'];

  test.each([[9, 'fresh'], [10, 'old']])('that is %i seconds old, ten seconds after the invalidation, is %s', async (age, expected) => {
    givenCopies({ '/about.html': age });
    await look(givenInvalidated({ check, urls, options }));
    expect(seen()).toEqual({ '/about.html': expected });
  });

  test.each([
    ['milliseconds, at which it was made', 0, 0, 'fresh'],
    ['milliseconds, just before it was made', 0, -1, 'fresh'],
    ['milliseconds, just after it was made', 0, 1, 'old'],
    ['whole seconds, which were rounded down to the second in which it was made', 0, -500, 'old'],
    ['whole seconds, which were rounded down to the second before', 0, -1_500, 'fresh'],
    ['whole seconds, whose last millisecond may be the one after it was made', 498, -998, 'old'],
    ['whole seconds, whose last millisecond is the one in which it was made', 499, -999, 'fresh'],
  ])('is compared with the time of the invalidation in %s', async (_, later, difference, expected) => {
    jest.mocked(Date.now).mockReturnValue(NOW + later);
    // An age is rounded down, so this one was made 10 seconds ago at the earliest.
    givenCopies({ '/about.html': 9 });
    await look(givenInvalidated({ check, urls, options, progress: { createTime: new Date(NOW + later - 10_000 + difference).toISOString() } }));
    expect(seen()).toEqual({ '/about.html': expected });
  });

  test.each<[string, CheckProgress, string]>([
    ['was visited before', { seen: [0] }, 'fresh'],
    ['was not, but another page was', { seen: [1] }, 'hopeless'],
    ['was not, and no other page either', { seen: [] }, 'hopeless'],
    ['was not, since nobody tried', { seen: undefined }, 'hopeless'],
  ])('that is new and %s: %j is %s', async (_, before, expected) => {
    givenCopies({ '/about.html': 0 });
    await look(givenInvalidated({ check, urls, options, progress: { check: before } }));
    expect(seen()).toEqual({ '/about.html': expected });
  });
});

describe('where nothing was invalidated', () => {
  test.each([[9, 'hopeless'], [10, 'old']])('a page of %i seconds is %s: whether it is newer than the job or not, it has lost no copy', async (age, expected) => {
    givenCopies({ '/': age });
    await look(givenJob({ check: 'pages', progress: { startedAt: NOW - 10_000 } }));
    expect(seen()).toEqual({ '/': expected });
  });

  test('an old copy of a file is as good as a new one', async () => {
    givenCopies({ '/': 86_400, '/about.html': 86_400, '/robots.txt': 86_400 });
    expect(await look(givenJob({ check: 'files', paths: changedFiles(), found: { paths: [], changedFiles: [] } }))).toBe('fresh');
  });
});

describe('what the paths of a job name', () => {
  const OLD_COPIES = { '/': 60, '/about.html': 60, '/robots.txt': 60 };
  const known = (...paths: string[]): Partial<Progress> => ({ found: { paths: paths.length, digest: digestOf(paths) } });

  test('is what this invocation has found', async () => {
    givenCopies(OLD_COPIES);
    await look(givenInvalidated({ check: 'files', paths: ['/*'], found: { paths: ['/about.html'] }, progress: known('/robots.txt') }));
    expect(seen()).toEqual({ '/': 'unclaimed', '/about.html': 'old', '/robots.txt': 'unclaimed' });
  });

  test('is the changed files that this invocation has found', async () => {
    givenCopies(OLD_COPIES);
    await look(givenInvalidated({ check: 'files', paths: changedFiles(), found: { paths: ['/a*'], changedFiles: ['about.html', 'robots.txt'] } }));
    expect(seen()).toEqual({ '/about.html': 'old', '/robots.txt': 'old' });
    expect(operations()).toEqual(['GetObject']);
  });

  test('is found again by a later invocation, in CloudFront\'s form', async () => {
    await givenArtifact('current', { 'über.html': 'about' });
    edge.faults.add({ path: '/%C3%BCber.html', fault: { status: 200, headers: { 'x-cache': 'Hit from cloudfront', 'age': '60' }, body: 'about' } });
    await look(givenInvalidated({ check: 'files', paths: ['/über.html', '/über.html'], progress: known('/%C3%BCber.html') }));
    expect(seen()).toEqual({ '/%C3%BCber.html': 'old' });
  });

  test('is not any other page, also in a later invocation: of those, nothing is claimed', async () => {
    givenCopies({ ...OLD_COPIES, '/about.html': 0 });
    const job = givenInvalidated({ check: 'files', paths: ['/about.html'], progress: known('/about.html') });
    expect(await look(job)).toBe('fresh');
    expect(seen()).toEqual({ '/': 'unclaimed', '/about.html': 'fresh', '/robots.txt': 'unclaimed' });
    expect(job.progress.check).toMatchObject({ pages: 1 });
  });

  test('is found again in a manifest', async () => {
    await givenArtifact('current', { ...SITE, 'paths.txt': '/about.html\n' });
    givenCopies(OLD_COPIES);
    const options = { include: ['*.html'] };
    await look(givenInvalidated({ check: 'files', options, paths: { manifest: 'paths.txt' }, progress: known('/about.html') }));
    expect(seen()).toEqual({ '/': 'unclaimed', '/about.html': 'old' });
  });

  test('is everything where a later invocation finds other paths', async () => {
    givenCopies({ ...OLD_COPIES, '/about.html': 0 });
    const job = givenInvalidated({ check: 'files', paths: ['/about.html'], progress: known('/about.html', '/robots.txt') });
    expect(await look(job)).toBeInstanceOf(InProgress);
    expect(seen()).toEqual({ '/': 'old', '/about.html': 'hopeless', '/robots.txt': 'old' });
  });

  test('is nothing where no paths were found: all is as it was, and the history is not read again', async () => {
    givenCopies(OLD_COPIES);
    expect(await look(givenJob({ check: 'files', paths: changedFiles(), progress: known() }))).toBe('fresh');
    expect(operations()).toEqual(['GetObject']);
  });

  test('is nothing where they were not looked for yet', async () => {
    givenCopies(OLD_COPIES);
    await look(givenJob({ check: 'files', progress: { createTime: new Date(CREATED).toISOString() } }));
    expect(seen()).toEqual({ '/': 'unclaimed', '/about.html': 'unclaimed', '/robots.txt': 'unclaimed' });
  });

  test('is nothing of a file that is known to be unchanged', async () => {
    givenCopies(OLD_COPIES);
    const found = { paths: ['/removed.html'], changedFiles: ['removed.html'] };
    expect(await look(givenInvalidated({ check: 'files', paths: changedFiles(), found }))).toBe('fresh');
  });
});

function changedFiles(options: object = {}): Extract<JobParameters['paths'], { changedFiles: unknown }> {
  return {
    changedFiles: {
      pipelineName,
      stageName: 'Invalidate',
      actionName: 'Invalidate',
      deployedBy: ['Deploy.Site'],
      otherActions: actionMark('Build.Build'),
      ...options,
    },
  };
}

describe('changed files', () => {
  /** What a deployment put there, some minutes ago. */
  function deployed(key: string, ago: number): void {
    sandbox.codePipeline.recordAction({
      pipeline: pipelineName,
      stage: 'Deploy',
      action: 'Site',
      artifacts: { site: siteAt(key) },
      configuration: { BucketName: 'website', Extract: 'true' },
      actionType: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' },
      startedAt: NOW - ago * MINUTE,
      endedAt: NOW - ago * MINUTE + 1_000,
    });
  }

  const found = (...paths: string[]): FoundPaths => ({ paths: paths.length, digest: digestOf(paths), asOf: NOW - 10 * MINUTE });

  beforeEach(async () => {
    await givenArtifact('before', { ...SITE, 'about.html': 'before' });
    sandbox.codePipeline.addStage(pipelineName, 'Invalidate', []);
    deployed('before', 40);
    sandbox.codePipeline.recordAction({
      pipeline: pipelineName,
      stage: 'Invalidate',
      action: 'Invalidate',
      artifacts: { site: siteAt('before') },
      outputVariables: { status: 'Completed' },
      userParameters: JSON.stringify({ distributionId: 'E2WEBSITE', paths: changedFiles() }),
      startedAt: NOW - 30 * MINUTE,
      endedAt: NOW - 30 * MINUTE,
    });
    deployed('current', 10);
    sandbox.requests.splice(0);
  });

  test('are found again by a later invocation, and visited alone', async () => {
    givenCopies({ '/about.html': 0 });
    expect(await look(givenInvalidated({ check: 'files', paths: changedFiles(), progress: { found: found('/about.html') } }))).toBe('fresh');
    expect(visited()).toEqual(['/about.html']);
    expect(operations()).toContain('ListActionExecutions');
  });

  test('do not depend on what was deployed since', async () => {
    await givenArtifact('newer', { 'robots.txt': 'newer' });
    deployed('newer', 1);
    givenCopies({ '/about.html': 0 });
    expect(await look(givenInvalidated({ check: 'files', paths: changedFiles(), progress: { found: found('/about.html') } }))).toBe('fresh');
    expect(visited()).toEqual(['/about.html']);
  });

  test('that are others than before are not trusted: everything must be new', async () => {
    givenCopies({ '/': 60, '/about.html': 0, '/robots.txt': 0 });
    const job = givenInvalidated({ check: 'files', paths: changedFiles(), progress: { found: found('/robots.txt') } });
    expect(await look(job)).toBeInstanceOf(InProgress);
    expect(seen()).toEqual({ '/': 'old', '/about.html': 'hopeless', '/robots.txt': 'hopeless' });
  });

  test('are pages as the options of changedFiles say', async () => {
    await givenArtifact('current', { 'dist/about.html': 'about', 'other.html': 'other' });
    edge.faults.add({ path: '/docs/about', fault: { status: 200, headers: { 'x-cache': 'Miss from cloudfront' }, body: 'about' } });
    const paths = changedFiles({ baseDirectory: 'dist', urlPath: 'docs', stripExtensions: ['.html'] });
    expect(await look(givenInvalidated({ check: 'files', paths, found: { paths: ['/*'], changedFiles: ['dist/about.html'] } }))).toBe('fresh');
    expect(visited()).toEqual(['/docs/about']);
  });
});
