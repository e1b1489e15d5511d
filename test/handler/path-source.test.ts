import { Sandbox, type ActionRecord } from '../../sandbox';
import { actionMark, type JobParameters, type PathSource } from '../../src/contract';
import { Busy, Failure } from '../../src/handler/failure';
import { checkParameters } from '../../src/handler/parameters';
import { findPaths } from '../../src/handler/path-source';
import { givenArchive } from '../given-archive';
import { givenClients } from '../given-clients';

const MINUTE = 60_000;
const NOW = Date.now();

/** Minutes before now. */
const ago = (minutes: number) => NOW - minutes * MINUTE;
const soon = (milliseconds = 10_000) => Date.now() + milliseconds;

let sandbox: Sandbox;
let count = 0;
let pipeline = '';

beforeAll(async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  sandbox = await Sandbox.start();
  givenClients(sandbox, 's3:GetObject', 's3:ListBucket', 'codepipeline:ListActionExecutions');
});

afterAll(() => sandbox.stop());

beforeEach(() => {
  pipeline = `Website${++count}`;
  sandbox.codePipeline.addStage(pipeline, 'Invalidate', []);
  sandbox.requests.splice(0);
});

const artifactAt = (key: string) => ({ name: 'site', location: { bucket: 'artifacts', key: `${pipeline}/${key}` } });
const operations = () => sandbox.requests.map(({ operation }) => operation);

async function givenArtifact(key: string, files: Readonly<Record<string, string>>) {
  const artifact = artifactAt(key);
  sandbox.s3.put(artifact.location.bucket, artifact.location.key, await givenArchive(files));
  return artifact;
}

function givenParameters(paths: PathSource, parameters: Partial<JobParameters> = {}): JobParameters {
  return checkParameters({ distributionId: 'E2WEBSITE', ...parameters, paths }, {});
}

function changedFiles(): PathSource {
  const otherActions = actionMark('Build.Build');
  return { changedFiles: { pipelineName: pipeline, stageName: 'Invalidate', actionName: 'Invalidate', deployedBy: ['Deploy.Site'], otherActions } };
}

/** A deployment of the artifact with this key, a minute long, or a success of the action itself. */
function givenRun(stage: 'Deploy' | 'Invalidate', key: string, startedAt: number, run: Partial<ActionRecord> = {}): void {
  sandbox.codePipeline.recordAction({
    pipeline,
    stage,
    action: stage === 'Deploy' ? 'Site' : 'Invalidate',
    artifacts: { site: artifactAt(key).location },
    startedAt,
    endedAt: startedAt + MINUTE,
    ...stage === 'Deploy' && {
      actionType: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' }, configuration: { BucketName: 'website', Extract: 'true' },
    },
    ...stage === 'Invalidate' && { userParameters: JSON.stringify(givenParameters(changedFiles())), outputVariables: { status: 'Completed' } },
    ...run,
  });
}

describe('paths that are listed', () => {
  test.each([[['/*']], [['/a', '#tag', '/b*']]])('are the job\'s, and nothing is asked: %j', async paths => {
    expect(await findPaths(givenParameters(paths), undefined, undefined, soon())).toEqual({ paths });
    expect(await findPaths(givenParameters(paths), artifactAt('missing'), ago(5), soon())).toEqual({ paths });
    expect(operations()).toEqual([]);
  });
});

describe('without an input artifact', () => {
  test.each([
    ['a manifest', () => ({ manifest: 'paths.txt' })], ['changed files', changedFiles],
  ])('%s cannot be read, and the failure says what to add', async (_, paths) => {
    const error: unknown = await findPaths(givenParameters(paths()), undefined, undefined, soon()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({
      type: 'ConfigurationError', message: 'paths come from an artifact, but the action has no input artifact: add one',
    });
    expect(operations()).toEqual([]);
  });
});

describe('paths of a manifest', () => {
  test('are those that the file in the artifact lists', async () => {
    const artifact = await givenArtifact('1', { 'out/paths.txt': '/a\n# comment\n/b*\n', 'paths.txt': '/other' });
    expect(await findPaths(givenParameters({ manifest: 'out/paths.txt' }), artifact, undefined, soon())).toEqual({ paths: ['/a', '/b*'] });
    expect(new Set(operations())).toEqual(new Set(['GetObject']));
  });

  test('may be none', async () => {
    const artifact = await givenArtifact('1', { 'paths.txt': '# nothing\n' });
    expect(await findPaths(givenParameters({ manifest: 'paths.txt' }), artifact, undefined, soon())).toEqual({ paths: [] });
  });

  test('that is not in the artifact are not none', async () => {
    const artifact = await givenArtifact('1', { 'index.html': 'a' });
    await expect(findPaths(givenParameters({ manifest: 'paths.txt' }), artifact, undefined, soon())).rejects.toMatchObject({
      name: 'Failure', type: 'ConfigurationError', message: 'manifest must be a file in the artifact site, got \'paths.txt\', which is not there',
    });
  });

  test('whose artifact is not there fail', async () => {
    await expect(findPaths(givenParameters({ manifest: 'paths.txt' }), artifactAt('missing'), undefined, soon())).rejects.toMatchObject({
      name: 'Failure', type: 'ConfigurationError', message: expect.stringMatching(/^Cannot read the manifest 'paths\.txt', because .* NoSuchKey/),
    });
  });

  test('whose artifact cannot be read now may be asked for again', async () => {
    const artifact = await givenArtifact('1', { 'paths.txt': '/a' });
    sandbox.faults.add({ service: 's3', operation: 'GetObject', fault: { error: 'SlowDown', status: 503 } });
    await expect(findPaths(givenParameters({ manifest: 'paths.txt' }), artifact, undefined, soon())).rejects.toBeInstanceOf(Busy);
    expect(await findPaths(givenParameters({ manifest: 'paths.txt' }), artifact, undefined, soon())).toEqual({ paths: ['/a'] });
  });

  test('are not asked for if no time is left', async () => {
    const artifact = await givenArtifact('1', { 'paths.txt': '/a' });
    await expect(findPaths(givenParameters({ manifest: 'paths.txt' }), artifact, undefined, soon(0))).rejects.toThrow(Busy);
    expect(operations()).toEqual([]);
  });
});

describe('paths of changed files', () => {
  const FIRST = { 'index.html': 'a', 'about.html': 'b', 'blog.html': 'c', 'old.html': 'd' };

  /** The first version was deployed and invalidated, the second one is deployed, and a third one by another execution since. */
  async function givenHistory() {
    await givenArtifact('1', FIRST);
    await givenArtifact('3', { ...FIRST, 'blog.html': 'C' });
    givenRun('Deploy', '1', ago(40));
    givenRun('Invalidate', '1', ago(35), { endedAt: ago(35) });
    givenRun('Deploy', '2', ago(20));
    return givenArtifact('2', { ...FIRST, 'about.html': 'B' });
  }

  test('are those of the files that differ from what was deployed before', async () => {
    const artifact = await givenHistory();
    expect(await findPaths(givenParameters(changedFiles()), artifact, undefined, soon())).toEqual({
      paths: ['/about.html'], changes: { changed: 1, unchanged: 0 }, asOf: ago(20), changedFiles: undefined,
    });
    expect(new Set(operations())).toEqual(new Set(['GetObject', 'ListActionExecutions']));
  });

  test('come with the names of the files if their pages are going to be visited', async () => {
    const artifact = await givenHistory();
    const parameters = givenParameters(changedFiles(), { freshnessCheck: { files: { url: 'https://www.example.com/' } } });
    expect((await findPaths(parameters, artifact, undefined, soon())).changedFiles).toEqual(['about.html']);
  });

  test.each([
    ['no earlier invocation has read the history', undefined, ['/about.html', '/blog.html'], 10],
    ['an earlier invocation has read it', 20, ['/about.html'], 20],
  ])('are compared with what was deployed before the history ends: %s', async (_, end, paths, newest) => {
    const artifact = await givenHistory();
    givenRun('Deploy', '3', ago(10));
    const found = await findPaths(givenParameters(changedFiles()), artifact, end && ago(end), soon());
    expect(found.paths.sort()).toEqual(paths);
    expect(found.asOf).toBe(ago(newest));
  });

  test('are all paths, and the note says why, if nothing is known of what was deployed before', async () => {
    const artifact = await givenArtifact('1', FIRST);
    expect(await findPaths(givenParameters(changedFiles()), artifact, undefined, soon())).toEqual({
      paths: ['/*'], note: 'everything, because this action has not succeeded before',
    });
  });

  test('are none if nothing has changed', async () => {
    await givenArtifact('1', FIRST);
    givenRun('Deploy', '1', ago(40));
    givenRun('Invalidate', '1', ago(35), { endedAt: ago(35) });
    givenRun('Deploy', '2', ago(20));
    expect(await findPaths(givenParameters(changedFiles()), await givenArtifact('2', FIRST), undefined, soon())).toMatchObject({
      paths: [], changes: { changed: 0, unchanged: 0 }, asOf: ago(20),
    });
  });

  test('may be asked for again while the same artifact is being deployed', async () => {
    const artifact = await givenHistory();
    givenRun('Deploy', '2', ago(1), { status: 'InProgress' });
    const error: unknown = await findPaths(givenParameters(changedFiles()), artifact, undefined, soon()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Busy);
    expect(error).toMatchObject({ message: expect.stringMatching(/^Deploy\.Site is still deploying the same artifact/) });
  });

  test('may be asked for again if no time is left', async () => {
    const artifact = await givenHistory();
    await expect(findPaths(givenParameters(changedFiles()), artifact, undefined, soon(0))).rejects.toThrow(Busy);
    expect(operations()).toEqual([]);
  });
});
