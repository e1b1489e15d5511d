import '../given-little-memory';
import { Sandbox, type ActionRecord } from '../../sandbox';
import type { ChangedFilesParameters, ChangedFilesSite } from '../../src/contract';
import { Archive, type FileVersion, type Location } from '../../src/handler/archive';
import { compare, filesOf, findChangedFiles, pathsOf, type Differences, type Doubtful } from '../../src/handler/changed-files';
import { Busy, Failure } from '../../src/handler/failure';
import { checkParameters, type RawParameters } from '../../src/handler/parameters';
import type { Found } from '../../src/handler/paths';
import { Site } from '../../src/handler/urls';
import { givenArchive, givenRawArchive } from '../given-archive';
import { givenClients } from '../given-clients';

// What artifacts and histories make of a job's paths, in the tests' own process. Whole executions are in artifacts.test.ts, what of the history
// counts is in history.test.ts, and the URLs of a file are in urls.test.ts.
const MINUTE = 60_000;
const NOW = Date.now();

/** Minutes before now. */
const ago = (minutes: number) => NOW - minutes * MINUTE;

const soon = () => Date.now() + 10_000;

type Content = Readonly<Record<string, string>> | Buffer;

const SAME = { 'c.html': '1', 'd.html': '1', 'e.html': '1' };

let sandbox: Sandbox;
let written: jest.SpyInstance;
let count = 0;
let pipeline = '';

beforeAll(async () => {
  written = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  sandbox = await Sandbox.start();
  givenClients(sandbox, 's3:GetObject', 'codepipeline:ListActionExecutions');
});

afterAll(() => sandbox.stop());

beforeEach(() => {
  pipeline = `Website${++count}`;
  sandbox.codePipeline.addStage(pipeline, 'Invalidate', []);
  sandbox.requests.splice(0);
});

/** Where the artifact of that name is, with that content. An artifact without content does not exist. */
async function artifactAt(name: string, content?: Content, bucket = 'artifacts'): Promise<Location> {
  const location = { bucket, key: `${pipeline}/${name}` };
  if (content !== undefined) {
    sandbox.s3.put(location.bucket, location.key, Buffer.isBuffer(content) ? content : await givenArchive(content));
  }
  return location;
}

function deployed(site: Location, startedAt: number, run: Partial<ActionRecord> = {}): void {
  sandbox.codePipeline.recordAction({
    pipeline,
    stage: 'Deploy',
    action: 'Site',
    actionType: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' },
    configuration: { BucketName: 'website', Extract: 'true' },
    artifacts: { site },
    startedAt,
    ...run.status !== 'InProgress' && { endedAt: startedAt },
    ...run,
  });
}

function invalidated(startedAt: number, options: Partial<ChangedFilesParameters> = {}): void {
  sandbox.codePipeline.recordAction({
    pipeline,
    stage: 'Invalidate',
    action: 'Invalidate',
    startedAt,
    endedAt: startedAt,
    artifacts: { site: { bucket: 'artifacts', key: 'whatever' } },
    userParameters: JSON.stringify({ distributionId: 'E2WEBSITE', paths: { changedFiles: changedFiles(options) } }),
    outputVariables: { status: 'Completed' },
  });
}

function changedFiles(options: Partial<ChangedFilesParameters> = {}): ChangedFilesParameters {
  return { pipelineName: pipeline, stageName: 'Invalidate', actionName: 'Invalidate', deployedBy: ['Deploy.Site'], otherActions: '', ...options };
}

/** What a job with the artifact finds. */
function find(
  location: Location, options: Partial<ChangedFilesParameters> = {}, more: RawParameters = {}, asOf?: number, until = soon(),
): Promise<Found> {
  const parameters = checkParameters({ distributionId: 'E2WEBSITE', paths: { changedFiles: changedFiles(options) }, ...more }, {});
  return findChangedFiles(parameters, changedFiles(options), { name: 'site', location }, asOf, until);
}

/** An execution that succeeded with the one artifact, and a job with the other. */
async function givenExecutions(before: Content, after: Content, options: Partial<ChangedFilesParameters> = {}): Promise<Location> {
  deployed(await artifactAt('before', before), ago(40));
  invalidated(ago(35), options);
  const current = await artifactAt('after', after);
  deployed(current, ago(30));
  return current;
}

async function foundBetween(
  before: Content, after: Content, options: Partial<ChangedFilesParameters> = {}, more: RawParameters = {},
): Promise<Found> {
  return find(await givenExecutions(before, after, options), options, more);
}

const everythingBecause = (reason: string): Found => ({ paths: ['/*'], note: `everything, because ${reason}` });
const unreadable = (name: string, words: string) => `the artifact s3://artifacts/${pipeline}/${name} cannot be read: ${words}`;
const reads = () => sandbox.requests.filter(({ operation }) => operation === 'GetObject').map(({ input }) => `${String(input.Bucket)}/${String(input.Key)}`);
const errorOf = (promise: Promise<unknown>) => promise.then(() => undefined, (error: unknown) => error);

describe('what has changed since the last success', () => {
  test.each<[string, Content, Content, string[]]>([
    ['a file that has another size', { ...SAME, 'a.html': '1' }, { ...SAME, 'a.html': '22' }, ['/a.html']],
    ['a file that has other content of the same size', { ...SAME, 'a.html': '1' }, { ...SAME, 'a.html': '2' }, ['/a.html']],
    ['a file that was removed', { ...SAME, 'a.html': '1' }, SAME, ['/a.html']],
    ['a file that was added', SAME, { ...SAME, 'a.html': '2' }, ['/a.html']],
    ['a file that was added with the content of another', SAME, { ...SAME, 'a.html': '1' }, ['/a.html']],
    ['a file that was renamed', { ...SAME, 'a.html': '2' }, { ...SAME, 'b.html': '2' }, ['/a.html', '/b.html']],
    ['two files that have each other\'s content', { ...SAME, 'a.html': '1', 'b.html': '2' }, { ...SAME, 'a.html': '2', 'b.html': '1' }, ['/a.html', '/b.html']],
  ])('is %s', async (_, before, after, paths) => {
    const { paths: found, changes, note } = await foundBetween(before, after);
    expect(found.sort()).toEqual(paths);
    expect({ changes, note }).toEqual({ changes: { changed: paths.length, unchanged: 0 }, note: undefined });
  });

  test('is nothing where all files are the same, however they are packed', async () => {
    const files = { ...SAME, 'a.html': '1'.repeat(1_000) };
    const after = await givenArchive(Object.fromEntries(Object.entries(files).reverse()), { compress: false, comment: 'another one' });
    expect(await foundBetween(files, after)).toEqual({ paths: [], changes: { changed: 0, unchanged: 0 }, asOf: ago(30) });
  });

  test('is what is not the same in any artifact that was deployed since', async () => {
    deployed(await artifactAt('1', { ...SAME, 'a.html': '1', 'b.html': '1' }), ago(40));
    invalidated(ago(35));
    deployed(await artifactAt('2', { ...SAME, 'a.html': '2', 'b.html': '1' }), ago(30), { status: 'Failed' });
    deployed(await artifactAt('3', { ...SAME, 'a.html': '1', 'b.html': '1', 'new.html': '3' }), ago(20), { status: 'Failed' });
    const { paths, changes } = await find(await artifactAt('4', { ...SAME, 'a.html': '1', 'b.html': '1' }));
    expect(paths).toEqual(['/a.html', '/new.html']);
    expect(changes).toEqual({ changed: 2, unchanged: 0 });
  });

  test('is found by reading each artifact once, and not the job\'s own a second time', async () => {
    await foundBetween(SAME, { ...SAME, 'a.html': '2' });
    expect(reads().sort()).toEqual([`artifacts/${pipeline}/after`, `artifacts/${pipeline}/before`]);
  });

  test.each([['in another bucket', 'replica', 'after'], ['under another key', 'artifacts', 'copy']])('is compared with an artifact %s', async (_, bucket, name) => {
    const current = await givenExecutions(SAME, SAME);
    deployed(await artifactAt(name, { ...SAME, 'a.html': 'reverted' }, bucket), ago(20));
    expect((await find(current)).paths).toEqual(['/a.html']);
  });

  test('is nothing where only this artifact was deployed', async () => {
    const current = await artifactAt('1', SAME);
    deployed(current, ago(40));
    invalidated(ago(35));
    deployed(current, ago(30));
    expect(await find(current)).toEqual({ paths: [], changes: { changed: 0, unchanged: 0 }, asOf: ago(30) });
  });

  test('does not depend on what began after this job', async () => {
    const current = await givenExecutions({ ...SAME, 'a.html': '1' }, { ...SAME, 'a.html': '2' });
    const { asOf } = await find(current);
    deployed(await artifactAt('later', { ...SAME, 'later.html': '1' }), ago(20));
    invalidated(ago(15));
    expect(await find(current, {}, {}, asOf)).toEqual({ paths: ['/a.html'], changes: { changed: 1, unchanged: 0 }, asOf: ago(30) });
  });

  test('is what is below the base directory, under the URLs of the site, and not excluded', async () => {
    const files = (version: string) => ({ 'README.md': version, 'dist/a.html': version, 'dist/x.map': version, 'dist/c.html': '1', 'district.html': version });
    const options = { baseDirectory: 'dist', urlPath: 'docs', stripExtensions: ['.html'], exclude: ['*.map'] };
    const { paths, changes } = await foundBetween(files('1'), files('2'), options);
    expect(paths).toEqual(['/docs/a', '/docs/a.html', '/docs/a/']);
    expect(changes).toEqual({ changed: 1, unchanged: 0 });
  });

  test('is nothing where only excluded files are other ones', async () => {
    const options = { exclude: ['*.map'] };
    const found = await foundBetween({ ...SAME, 'a.map': '1', 'b.map': '1' }, { ...SAME, 'a.map': '2', 'c.map': '1' }, options);
    expect(found).toEqual({ paths: [], changes: { changed: 0, unchanged: 0 }, asOf: ago(30) });
  });

  test('is covered with as many paths as the action may use', async () => {
    const files = (version: string) => ({ ...SAME, 'x/a.html': version, 'x/b.html': version, 'x/same.html': '1' });
    expect(await foundBetween(files('1'), files('2'), { maxPaths: 1 })).toMatchObject({ paths: ['/x/*'], changes: { changed: 2, unchanged: 1 } });
  });

  test('is logged with how much was read', async () => {
    const current = await givenExecutions({ ...SAME, 'a.html': '1' }, { ...SAME, 'a.html': '2' });
    await find(current);
    const lines = written.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
    const artifact = { level: 'INFO', message: 'Artifact read', files: 4, bytesRead: expect.any(Number), size: expect.any(Number) };
    expect(lines).toMatchObject([
      { ...artifact, artifact: `s3://artifacts/${pipeline}/after` },
      { ...artifact, artifact: `s3://artifacts/${pipeline}/before` },
      { level: 'INFO', message: 'Changed files found', baselines: 2, files: 4, changed: 1, unchanged: 0, paths: 1 },
    ]);
  });
});

describe('a freshness check is told the changed files', () => {
  const freshnessCheck = { files: { url: 'https://www.example.com' } };
  const files = (version: string) => ({ 'dist/a.html': version, 'dist/b.map': version, 'dist/c.html': '1', 'dist/d.html': '1' });
  const options = { baseDirectory: 'dist', exclude: ['*.map'] };

  test('by their names in the artifact, without the excluded ones', async () => {
    expect((await foundBetween(files('1'), files('2'), options, { freshnessCheck })).changedFiles).toEqual(['dist/a.html']);
  });

  test('also where everything is invalidated, since more than half of the files have changed', async () => {
    const { paths, changedFiles: names } = await foundBetween({ 'a.html': '1' }, { 'b.html': '1' }, {}, { freshnessCheck });
    expect(paths).toEqual(['/*']);
    expect(names?.slice().sort()).toEqual(['a.html', 'b.html']);
  });

  test('and no one else is', async () => {
    expect((await foundBetween(files('1'), files('2'), options)).changedFiles).toBeUndefined();
  });
});

describe('the pipeline is the one', () => {
  const VARIABLE = 'PIPELINE_OF_THE_TEST';

  afterEach(() => {
    delete process.env[VARIABLE];
  });

  test('that a variable of the function names', async () => {
    const options = { pipelineName: undefined, pipelineNameVariable: VARIABLE };
    process.env[VARIABLE] = pipeline;
    expect((await foundBetween(SAME, { ...SAME, 'a.html': '2' }, options)).paths).toEqual(['/a.html']);
  });

  test('that the function knows, or else the job fails', async () => {
    const error = await errorOf(foundBetween(SAME, SAME, { pipelineName: undefined, pipelineNameVariable: VARIABLE }));
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({
      type: 'ConfigurationError',
      message: `changedFiles must have the pipeline's name, but the function has no environment variable ${VARIABLE}`,
    });
  });
});

describe('everything is invalidated, and the reason is told', () => {
  test('where the history does not say what the cache contains', async () => {
    const current = await artifactAt('1', SAME);
    deployed(current, ago(40));
    expect(await find(current)).toEqual(everythingBecause('this action has not succeeded before'));
    expect(written.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown)).toContainEqual(expect.objectContaining({
      level: 'WARN', message: 'Cannot tell what has changed: invalidating everything', reason: 'this action has not succeeded before',
    }));
  });

  test('where the artifact is no archive', async () => {
    const { paths, note } = await foundBetween(SAME, Buffer.from('no archive'));
    expect(paths).toEqual(['/*']);
    expect(note).toContain(`everything, because ${unreadable('after', 'Error: End of central directory record signature not found')}`);
  });

  test('where an earlier artifact is gone', async () => {
    const current = await givenExecutions(SAME, SAME);
    sandbox.s3.remove('artifacts', `${pipeline}/before`);
    const { paths, note } = await find(current);
    expect(paths).toEqual(['/*']);
    expect(note).toContain(`everything, because ${unreadable('before', 'AccessDenied')}`);
  });

  test('where the artifact has two files of one name', async () => {
    const found = await foundBetween(SAME, givenRawArchive({ name: Buffer.from('a.html') }, 2));
    expect(found).toEqual(everythingBecause(unreadable('after', "it has two files named 'a.html'")));
  });

  test.each<[string, boolean, boolean]>([['the artifact', false, true], ['an earlier artifact', true, false]])('where %s has a symbolic link', async (_, inBefore, inAfter) => {
    const archive = (hasLink: boolean) => givenArchive({ ...SAME, 'v2/index.html': '1' }, { links: hasLink ? { latest: 'v2' } : {} });
    const found = await foundBetween(await archive(inBefore), await archive(inAfter));
    expect(found).toEqual(everythingBecause(unreadable(inBefore ? 'before' : 'after', "'latest' is a symbolic link, whose target may change without it")));
  });

  test('where the artifact has replaced one that was deployed before', async () => {
    const current = await artifactAt('site', { ...SAME, 'a.html': '1' });
    deployed(current, ago(40));
    invalidated(ago(35));
    deployed(await artifactAt('other', SAME), ago(30));
    await artifactAt('site', { ...SAME, 'a.html': '2' });
    expect(await find(current)).toEqual(everythingBecause('the artifact site has replaced one that was deployed before'));
  });

  test('where another artifact has replaced an earlier one since that was deployed', async () => {
    const current = await givenExecutions({ ...SAME, 'a.html': '1' }, SAME);
    await artifactAt('before', SAME);
    expect(await find(current)).toEqual(everythingBecause(unreadable('before', 'another artifact has replaced it since it was deployed')));
  });

  test('where an error document is in no artifact', async () => {
    const found = await foundBetween(SAME, SAME, { errorDocuments: ['c.html', 'dist/404.html'] });
    expect(found).toEqual(everythingBecause(
      "the artifact site has no error document 'dist/404.html', so whether it has changed cannot be seen. Correct errorDocuments",
    ));
  });

  test('or the job fails, if that is wanted', async () => {
    const current = await artifactAt('1', SAME);
    const error = await errorOf(find(current, { onMissingBaseline: 'FAIL' }));
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({
      type: 'JobFailed',
      message: 'Cannot tell what has changed, because this action has not succeeded before. ' +
        'Deploy once with onMissingBaseline set to INVALIDATE_ALL, the default, to invalidate everything. Then set it to FAIL again: the next execution compares with that deployment.',
    });
  });

  test('but not the job, if it is wanted in so many words', async () => {
    expect(await find(await artifactAt('1', SAME), { onMissingBaseline: 'INVALIDATE_ALL' })).toEqual(everythingBecause('this action has not succeeded before'));
  });
});

describe('an artifact that S3 got in the second in which a run used it', () => {
  /** An artifact at this location, whose only use began then. */
  async function givenUse(name: string, content: Content): Promise<Location> {
    // A first object of a key has always been there.
    await artifactAt(name, { 'other.html': '1' });
    const location = await artifactAt(name, content);
    deployed(location, Number((await Archive.open(location, soon())).writtenAt));
    return location;
  }

  test('is the one that the run used: the job\'s own', async () => {
    const current = await artifactAt('before', SAME);
    deployed(current, ago(40));
    invalidated(ago(35));
    expect((await find(await givenUse('after', { ...SAME, 'a.html': '2' }))).paths).toEqual(['/a.html']);
  });

  test('is the one that the run used: an earlier one', async () => {
    const current = await givenExecutions(SAME, SAME);
    await givenUse('between', { ...SAME, 'a.html': 'reverted' });
    expect((await find(current)).paths).toEqual(['/a.html']);
  });
});

describe('an error document', () => {
  const errorDocuments = ['404.html'];

  test.each<[string, Content, Content]>([
    ['has changed', { ...SAME, '404.html': '1' }, { ...SAME, '404.html': '2' }],
    ['was added', SAME, { ...SAME, '404.html': '2' }],
    ['was removed', { ...SAME, '404.html': '1' }, SAME],
  ])('that %s may be cached under any URL: everything', async (_, before, after) => {
    expect(await foundBetween(before, after, { errorDocuments, exclude: ['404.html'] })).toEqual({
      paths: ['/*'],
      changes: { changed: 1, unchanged: 3 },
      asOf: ago(30),
      note: "everything, because the error document '404.html' has changed and may be cached under any URL",
    });
  });

  test('that is unchanged is no reason to invalidate more than what has changed', async () => {
    expect((await foundBetween({ ...SAME, '404.html': '1' }, { ...SAME, '404.html': '1', 'a.html': '2' }, { errorDocuments })).paths).toEqual(['/a.html']);
  });
});

describe('a file that a deployment may write under another name', () => {
  const backslash = { name: Buffer.from('blog\\a.html') };
  const slash = { name: Buffer.from('blog/a.html') };
  const because = (name: string, words: string) => everythingBecause(`the file name '${name}' ${words}`);

  test.each<[string, Content, Content, string, string]>([
    ['modified', { ...SAME, './a.html': '1' }, { ...SAME, './a.html': '2' }, './a.html', "has a part that is empty or '.'"],
    ['added', SAME, { ...SAME, './a.html': '2' }, './a.html', "has a part that is empty or '.'"],
    ['removed', { ...SAME, './a.html': '1' }, SAME, './a.html', "has a part that is empty or '.'"],
    ['the same, and then without a doubt', givenRawArchive(backslash), givenRawArchive(slash), 'blog/a.html', 'has a backslash, which stands for a slash or for itself'],
    ['the same, and before without a doubt', givenRawArchive(slash), givenRawArchive(backslash), 'blog/a.html', 'has a backslash, which stands for a slash or for itself'],
  ])('is a reason to invalidate everything if it is %s', async (_, before, after, name, words) => {
    expect(await foundBetween(before, after)).toEqual(because(name, words));
  });

  test('is named as in the artifact', async () => {
    const files = (version: string) => ({ 'dist/a.html': '1', 'dist/./b.html': version });
    expect(await foundBetween(files('1'), files('2'), { baseDirectory: 'dist' })).toEqual(because('dist/./b.html', "has a part that is empty or '.'"));
  });

  test('is none if it is unchanged', async () => {
    expect((await foundBetween({ ...SAME, './a.html': '1' }, { ...SAME, './a.html': '1', 'b.html': '2' })).paths).toEqual(['/b.html']);
  });

  const elsewhere: [string, string, Partial<ChangedFilesParameters>][] = [
    ['outside the base directory', './dist/c.html', { baseDirectory: 'dist' }], ['excluded', 'x//c.html', { exclude: ['x/**'] }],
  ];
  const filesWith = (name: string, version: string) => ({ 'dist/a.html': '1', 'dist/b.html': '1', 'c.html': '1', [name]: version });
  test.each(elsewhere)('is a reason, too, if it is %s as read: as written, it may be part of the site', async (_, name, options) => {
    expect(await foundBetween(filesWith(name, '1'), filesWith(name, '2'), options)).toEqual(because(name, "has a part that is empty or '.'"));
  });
  test.each(elsewhere)('is none if it is %s as read, and unchanged', async (_, name, options) => {
    expect((await foundBetween(filesWith(name, '1'), { ...filesWith(name, '1'), 'dist/b.html': '2' }, options)).paths).toEqual([expect.stringContaining('b.html')]);
  });

  test('is a reason if it is a link, even an unchanged one', async () => {
    const archive = await givenArchive({ 'dist/a.html': '1' }, { links: { './dist/latest': 'a.html' } });
    const { paths, note } = await foundBetween(archive, archive, { baseDirectory: 'dist' });
    expect([paths, note]).toEqual([['/*'], expect.stringContaining("'./dist/latest' is a symbolic link, whose target may change without it")]);
  });

  test('is none if it is a link without a doubt that is excluded or outside the base directory', async () => {
    const archive = (version: string) => givenArchive(
      { 'dist/a.html': version, 'dist/b.html': '1', 'dist/c.html': '1' }, { links: { 'x/latest': version, 'dist/y/latest': version } },
    );
    expect((await foundBetween(await archive('1'), await archive('2'), { baseDirectory: 'dist', exclude: ['y/**'] })).paths).toEqual(['/a.html']);
  });
});

describe('what is worth another attempt', () => {
  test('is a deployment in progress of an artifact that cannot be read', async () => {
    const current = await artifactAt('1', Buffer.from('no archive'));
    deployed(current, ago(1), { status: 'InProgress' });
    const error = await errorOf(find(current));
    expect(error).toBeInstanceOf(Busy);
    expect(error).toMatchObject({ message: expect.stringContaining('Deploy.Site is still deploying the same artifact') });
  });

  test.each<[string, 's3' | 'codepipeline', string, number]>([
    ['S3 is down when the artifact is read', 's3', 'GetObject', 0],
    ['S3 is down when an earlier artifact is read', 's3', 'GetObject', 1],
    ['CodePipeline is down', 'codepipeline', 'ListActionExecutions', 0],
  ])('is an outage: %s', async (_, service, operation, skip) => {
    const current = await givenExecutions(SAME, SAME);
    const fault = sandbox.faults.add({ service, operation, fault: { error: 'InternalError', status: 500 }, skip });
    const error = await errorOf(find(current));
    fault.remove();
    expect(error).toBeInstanceOf(Busy);
    expect(error).toMatchObject({ type: 'SystemUnavailable', message: expect.stringContaining(`did not answer ${operation}`) });
  });
});

describe('the time for reading', () => {
  afterEach(() => {
    jest.spyOn(Date, 'now').mockRestore();
  });

  /** From now on, every read of an artifact takes that many seconds, and nothing else takes any time. */
  function givenSlowReads(seconds: number): void {
    const now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now + reads().length * seconds * 1000);
  }

  async function givenDeployments(howMany: number): Promise<Location> {
    const current = await artifactAt('current', SAME);
    for (let index = 0; index < howMany; index++) {
      deployed(await artifactAt(String(index), SAME), index === 0 ? ago(40) : ago(30) + index);
    }
    invalidated(ago(35));
    return current;
  }

  test('is three fifths of the time that there is: then everything is invalidated', async () => {
    const current = await givenDeployments(7);
    givenSlowReads(12);
    // The fifth read ends in time. The first one is of the artifact itself.
    expect(await find(current, {}, {}, undefined, Date.now() + 100_000)).toEqual(everythingBecause(
      '7 artifacts may be in the cache, and the function had time to compare only 5',
    ));
  });

  test('is always enough for one comparison', async () => {
    const current = await givenDeployments(1);
    givenSlowReads(70);
    expect((await find(current, {}, {}, undefined, Date.now() + 100_000)).note).toBeUndefined();
  });
});

describe('the paths of changed files', () => {
  const VERSION: FileVersion = { size: 1, crc32: 1 };
  const named = (prefix: string, length: number) => Array.from({ length }, (_, index) => `${prefix}${index}`);
  const paths = (changed: string[], current: string[], options: ChangedFilesSite = {}) =>
    pathsOf(new Set(changed), new Map(current.map(name => [name, VERSION])), new Site(options), options);

  test('are none where nothing has changed, although there is an error document', () => {
    expect(paths([], ['404.html'], { errorDocuments: ['404.html'] })).toEqual({ paths: [], changes: { changed: 0, unchanged: 0 } });
  });

  test('are all their URLs, each once', () => {
    expect(paths(['index.html', 'blog/index.html'], ['blog/same', 'same'])).toEqual({
      paths: ['/', '/blog', '/blog/', '/blog/index.html', '/index.html'], changes: { changed: 2, unchanged: 0 },
    });
  });

  test.each([
    [2, 2, ['/new0', '/new1'], undefined],
    [3, 2, ['/*'], 'everything, because 3 of 5 files have changed'],
    [1, 0, ['/*'], 'everything, because 1 of 1 file has changed'],
  ])('are one wildcard where more than a half have changed: %i beside %i', (changed, unchanged, expected, note) => {
    const found = paths(named('new', changed), [...named('new', changed), ...named('same', unchanged)]);
    expect(found).toEqual({ paths: expected, changes: { changed, unchanged: expected[0] === '/*' ? unchanged : 0 }, note });
  });

  test('are one wildcard also where most have changed since they were removed', () => {
    expect(paths(named('gone', 3), named('same', 2)).paths).toEqual(['/*']);
  });

  test('are no wildcard where most have changed and are excluded', () => {
    const changed = [...named('new', 1), ...named('map', 9)];
    expect(paths(changed, [...changed, 'same'], { exclude: ['map*'] }).paths).toEqual(['/new0']);
  });

  test('are at most fifteen, if nobody says how many', () => {
    expect(paths(named('x/', 15), [...named('same', 20), 'x/same']).paths).toHaveLength(15);
    expect(paths(named('x/', 16), [...named('same', 20), 'x/same'])).toEqual({ paths: ['/x/*'], changes: { changed: 16, unchanged: 1 } });
  });

  test('are at most as many as asked for, and an excluded file that they match is counted', () => {
    const found = paths(named('x/', 2), [...named('same', 20), 'x/a b', 'x/a.map'], { maxPaths: 1, urlPath: 'docs', exclude: ['**/*.map'] });
    expect(found).toEqual({ paths: ['/docs/x/*'], changes: { changed: 2, unchanged: 2 } });
  });

  // A space has two forms, and this function has memory for 600 paths.
  test.each([
    [300, ['/x/*'], 0, undefined],
    [301, ['/*'], 302, 'everything, because the changed files are seen under more than 600 URLs'],
  ])('are covered if the function has memory for all URLs of %i changed files', (changed, expected, unchanged, note) => {
    expect(paths(named('x/a b', changed), named('same', changed + 1))).toEqual({ paths: expected, changes: { changed, unchanged }, note });
  });
});

describe('the files of an artifact', () => {
  const read = async (content: Content, options: ChangedFilesSite = {}, reading?: Parameters<typeof filesOf>[3]) =>
    filesOf({ name: 'site', location: await artifactAt('1', content) }, new Site(options), soon(), reading);

  test('are those below the base directory, by their names there, also the excluded ones', async () => {
    const files = await read({ 'README.md': '1', 'dist/a.html': '1', 'dist/x/b.map': '22', 'dist/c/': '' }, { baseDirectory: 'dist', exclude: ['**/*.map'] });
    expect([...files]).toEqual([['a.html', { size: 1, crc32: expect.any(Number) }], ['x/b.map', { size: 2, crc32: expect.any(Number) }]]);
  });

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['links', { 'a.html': '1' }, { latest: 'v2' }],
    ['names in doubt', { 'a.html': '1', './b.html': '1' }, {}],
  ])('are without %s, if nobody asks for doubts', async (_, content, links) => {
    expect([...(await read(await givenArchive(content, { links }))).keys()]).toEqual(['a.html']);
  });

  test('are with names in doubt, and what is in doubt, if somebody asks', async () => {
    const doubtful: Doubtful = new Map();
    const files = await read({ 'a.html': '1', './b.html': '1' }, {}, { doubtful });
    expect([...files.keys()]).toEqual(['a.html', './b.html']);
    expect([...doubtful.values()]).toMatchObject([{ name: './b.html', size: 1, doubt: "has a part that is empty or '.'" }]);
  });

  test('are of an archive that the reader sees first', async () => {
    const opened: Archive[] = [];
    await read({ 'a.html': '1' }, {}, { onOpen: archive => opened.push(archive) });
    expect(opened.map(({ size }) => size)).toEqual([(await givenArchive({ 'a.html': '1' })).length]);
  });

  const inFolder = (howMany: number) => Object.fromEntries(Array.from({ length: howMany }, (_, index) => [`file${String(index).padStart(2, '0')}`, '1']));
  const names = (howMany: number) => Object.keys(inFolder(howMany)).map(name => `'${name}'`).join(', ');
  test.each<[string, Content, string]>([
    ['a few of each kind', { 'README.md': '1', 'src/deep/a.ts': '1', 'src/b.ts': '1' }, "'README.md', 'src/' at the top level"],
    ['ten', inFolder(10), `${names(10)} at the top level`],
    ['eleven', inFolder(11), `${names(10)} and more at the top level`],
    ['twenty', inFolder(20), `${names(10)} and more at the top level`],
    ['none', {}, 'no files'],
  ])('must be below the base directory, and what there is instead is told: %s', async (_, content, has) => {
    const error = await errorOf(read(content, { baseDirectory: 'dist' }));
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({
      type: 'ConfigurationError', message: `baseDirectory must be a folder with files in the artifact site, got 'dist/': the artifact has ${has}.`,
    });
  });

  test('must not all be excluded', async () => {
    const error = await errorOf(read({ 'a.map': '1', 'b.map': '1' }, { exclude: ['*.map'] }));
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({
      type: 'ConfigurationError',
      message: 'exclude must leave at least one file of the artifact site, got patterns that exclude all 2: no change would ever be seen.',
    });
  });

  test.each([[['a.html', 'z.map']], [['a.map', 'z.html']]])('may be excluded, except one, wherever it is: %j', async listed => {
    expect((await read(Object.fromEntries(listed.map(name => [name, '1'])), { exclude: ['*.map'] })).size).toBe(2);
  });
});

test('an artifact whose use nobody knows is compared as it is', async () => {
  await artifactAt('1', { 'other.html': '1' });
  const differences: Differences = { changed: new Set(), doubtful: new Map() };
  await compare(await artifactAt('1', { 'a.html': '1' }), new Map(), new Site({}), differences, soon());
  expect(differences).toEqual({ changed: new Set(['a.html']), doubtful: new Map() });
});
