import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { Edge, Sandbox } from '../../../sandbox';
import { pagesOfFiles } from '../../../src/handler/freshness/files';
import { lookBeforeInvalidation, openCheck, type CheckedJob } from '../../../src/handler/freshness/job';
import { checkParameters } from '../../../src/handler/parameters';
import { digestOf } from '../../../src/handler/paths';
import { begin } from '../../../src/handler/progress';
import { givenArchive } from '../../given-archive';
import { givenClients } from '../../given-clients';

const soon = () => Date.now() + 10_000;
const artifact = { name: 'site', location: { bucket: 'artifacts', key: 'site' } };

let sandbox: Sandbox;
let origin: string;
/** The edge location of the function, and that of another visitor. */
let edge: Edge;
let elsewhere: Edge;

beforeAll(async () => {
  sandbox = await Sandbox.start();
  givenClients(sandbox, 's3:GetObject', 's3:ListBucket');
});

afterAll(() => sandbox.stop());

beforeEach(async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  origin = mkdtempSync(join(tmpdir(), 'elsewhere-'));
  const options = { clock: { now: () => Date.now() }, cloudFront: { onInvalidation: () => {} }, distributionId: 'E2WEBSITE', origin };
  [edge, elsewhere] = await Promise.all([Edge.start(options), Edge.start(options)]);
});

afterEach(async () => {
  await Promise.all([edge.stop(), elsewhere.stop()]);
  rmSync(origin, { recursive: true, force: true });
});

/** The origin has an old file, which a visitor elsewhere has seen. Then the new one is deployed. */
async function givenNewVersion(path: string, name: string, archive: Record<string, string>): Promise<void> {
  const write = (content: string) => {
    mkdirSync(dirname(join(origin, path)), { recursive: true });
    writeFileSync(join(origin, path), content);
  };
  write('old');
  await (await fetch(`${elsewhere.url}/${path}`)).text();
  write('new');
  sandbox.s3.put('artifacts', 'site', await givenArchive({ [name]: 'new', ...archive }));
}

const isStaleElsewhere = async (path: string) => await (await fetch(`${elsewhere.url}/${path}`)).text() === 'old';

function invalidate(paths: string[]): void {
  edge.invalidate(paths);
  elsewhere.invalidate(paths);
}

async function outcome(job: CheckedJob): Promise<string> {
  const check = await openCheck(job, soon());
  return check.look(soon()).then(() => 'green', (error: Error) => error.message);
}

test('a file that changedFiles has not compared, since the check has another baseDirectory, is not known to be unchanged', async () => {
  await givenNewVersion('about.html', 'other/about.html', { 'site/x.html': 'x' });
  let at = 0;
  const [page] = await pagesOfFiles({
    artifact,
    files: { url: edge.url, baseDirectory: 'other' },
    changedFilesSite: { baseDirectory: 'site' },
    changedFiles: ['site/x.html'],
    paths: ['/x.html'],
    seed: 'seed',
    invalidated: () => ({ at, isSeenBefore: true }),
  }, soon());
  await page.lookBefore(soon());
  at = Date.now();
  invalidate(['/x.html']);
  expect(await isStaleElsewhere('about.html')).toBe(true);
  expect((await page.look(soon())).state).not.toBe('fresh');
});

test.each([false, true])('of a page that no path names, nothing is claimed, also if S3 was down before the invalidation: %s', async isDown => {
  await givenNewVersion('index.html', 'index.html', {});
  const parameters = checkParameters({ distributionId: 'E2WEBSITE', paths: ['/blog/*'], freshnessCheck: { files: { url: edge.url } } }, {});
  const job: CheckedJob = { parameters, artifact, progress: begin('job-1', 'E2WEBSITE'), found: { paths: ['/blog/*'] } };
  if (isDown) {
    sandbox.faults.add({ service: 's3', operation: 'GetObject', fault: { throttle: true }, times: 3 });
  }
  const seen = await lookBeforeInvalidation(job, soon());
  // As invalidate.ts does it.
  Object.assign(job.progress, { found: { paths: 1, digest: digestOf(['/blog/*']) }, sent: 1, completed: 1, check: { seen } });
  invalidate(['/blog/*']);
  // Whole seconds are rounded, and the copy of the visit before must be older than the invalidation.
  job.progress.createTime = new Date().toISOString();
  const result = await outcome(job);
  expect(await isStaleElsewhere('index.html')).toBe(true);
  expect(result).not.toBe('green');
});

test('visits of other pages before the invalidation do not count where a later invocation finds other paths, and so visits other pages', async () => {
  sandbox.s3.put('artifacts', 'site', await givenArchive({ 'index.html': 'home', 'about.html': 'about', 'a.css': 'a', 'b.css': 'b' }));
  edge.faults.add({ path: '/', fault: { status: 200, headers: { 'x-cache': 'Miss from cloudfront' }, body: 'home' } });
  const parameters = checkParameters({ distributionId: 'E2WEBSITE', paths: ['/*'], freshnessCheck: { files: { url: edge.url, include: ['index.html'] } } }, {});
  const createTime = new Date(Date.now() - 60_000).toISOString();
  const resultOf = (digest: string) => outcome({
    parameters, artifact, progress: { ...begin('job-1', 'E2WEBSITE'), found: { paths: 1, digest }, createTime, check: { seen: [0] } },
  });
  expect(await resultOf(digestOf(['/*']))).toBe('green');
  expect(await resultOf('of-others')).not.toBe('green');
});
