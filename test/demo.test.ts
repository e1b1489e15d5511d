import { spawn } from 'child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

const ROOT = join(__dirname, '..');

/** The demo plays in real time, and several at a time. */
const PLAY_TIMEOUT = 90_000;

const NAMES = ['happy', 'site', 'links', 'outage', 'quota', 'permission', 'mistake'] as const;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
  NAMES.forEach(name => mkdirSync(join(folder, `tmp-${name}`)));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The workspaces that were not removed. */
  readonly leftovers: readonly string[];
}

const DEMO = [require.resolve('tsx/cli'), '--tsconfig', 'tsconfig.dev.json', 'examples/static-website/demo/main.ts'];

function demo(name: typeof NAMES[number], ...args: string[]): Promise<Outcome> {
  const temporary = join(folder, `tmp-${name}`);
  const { NO_COLOR, FORCE_COLOR, ...env } = process.env;
  return new Promise(resolve => {
    const child = spawn(process.execPath, [...DEMO, ...args], {
      cwd: ROOT,
      // A build server is no terminal, whatever some libraries think.
      env: { ...env, CI: 'true', TMPDIR: temporary, TMP: temporary, TEMP: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', chunk => stdout += chunk);
    child.stderr.on('data', chunk => stderr += chunk);
    child.on('close', code => resolve({ code, stdout, stderr, leftovers: readdirSync(temporary).filter(file => file.startsWith('stale-page-')) }));
  });
}

/** What happened, without the times. */
function eventsOf({ stdout }: Outcome): string[] {
  return [...stdout.matchAll(/^ *\+\d+\.\d s  (\w+) +(.*)$/gm)].map(([, actor, text]) => `${actor}: ${text.replace(/ +/g, ' ')}`);
}

/** The chapters of the story, with their events. */
function chaptersOf({ stdout }: Outcome): Record<string, string> {
  const [, ...chapters] = stdout.split(/\n\n {11}(?=\S)/);
  return Object.fromEntries(chapters.map(chapter => [chapter.split('\n')[0].split(':')[0], chapter]));
}

function factsOf({ stdout }: Outcome): Record<string, string> {
  const [, facts] = stdout.split(/\n {2}[✔✘] .*\n\n/);
  const names = [...facts.matchAll(/^ {4}(\S.*?) {2,}(.*(?:\n {6,}.*)*)/gm)];
  return Object.fromEntries(names.map(([, name, value]) => [name, value.replace(/\s+/g, ' ')]));
}

describe('played to the end', () => {
  test.concurrent('visitors see version 1 until the stage has run, and version 2 from then on', async () => {
    const outcome = await demo('happy');
    expect(outcome).toMatchObject({ code: 0, leftovers: [] });
    expect(outcome.stderr).not.toContain('Error');
    expect(outcome.stdout).not.toContain('\u001b');

    const { 'Version 1': first, 'Version 2': second, 'What visitors see now': now, ...others } = chaptersOf(outcome);
    expect(first).toMatch(/visitor +\/ +version 1 {2}Miss from cloudfront\n/);
    expect(first).toMatch(/visitor +\/ +version 1 {2}Hit from cloudfront, \d+ s old/);
    expect(second.match(/version \d/g)).toEqual(['version 2', 'version 1', 'version 1', 'version 1']);
    expect(second.match(/Hit from cloudfront/g)).toHaveLength(3);
    expect(now.match(/version \d/g)).toEqual(['version 2', 'version 2', 'version 2']);

    const stage = others["The pipeline's last stage"];
    const id = /accepts invalidation (I[A-Z0-9]+) of \/\*/.exec(stage)?.[1];
    expect(eventsOf({ ...outcome, stdout: stage })).toEqual(expect.arrayContaining([
      'CodePipeline: starts action InvalidateDistribution, which invokes the function as it ships',
      `CloudFront: accepts invalidation ${id} of /*`,
      'CloudFront: drops /* from the cache',
      expect.stringMatching(/^visitor: \/ version 2 Miss from cloudfront$/),
      `CloudFront: says that invalidation ${id} is Completed`,
      'Lambda: visits /, and compares it with what was deployed',
      expect.stringMatching(/^CodePipeline: Succeeded: Invalidated 1 path of distribution E[A-Z0-9]+ in \d.*, and 3 pages were seen fresh at DUB56-P1\.$/),
    ]));
    const facts = factsOf(outcome);
    expect(facts).toMatchObject({
      'invalidation': id,
      'paths': expect.stringMatching(/^\/\* /),
      'cost on AWS': '$0 within the 1,000 free paths a month, then $0.005',
      'seen fresh': '3 by the stage itself, before it turned green',
      'pages': '3 of 3 fresh',
    });
    // The sandbox's CloudFront takes 5 seconds, and the stage says so within about a second.
    expect(parseFloat(facts.elapsed)).toBeGreaterThanOrEqual(5);
    expect(parseFloat(facts.elapsed)).toBeLessThan(15);
  }, PLAY_TIMEOUT);

  test.concurrent('--site plays with a site of the user, and leaves it alone', async () => {
    const site = join(folder, 'site');
    mkdirSync(join(site, 'über uns'), { recursive: true });
    const files = { 'index.html': '<HTML><BODY>Caf\u00e9</BODY></HTML>', 'über uns/100% wir.html': 'we', 'logo.svg': '<svg/>', 'a?b#c.txt': 'odd' };
    // Latin-1, which is no UTF-8.
    Object.entries(files).forEach(([name, content]) => writeFileSync(join(site, name), content, 'latin1'));

    const outcome = await demo('site', '--site', site);

    expect(outcome).toMatchObject({ code: 0, leftovers: [] });
    expect(eventsOf(outcome)).toEqual(expect.arrayContaining([
      `you: publish 4 files of ${site}`,
      'you: publish version 2: 1 file changed, a mark on index.html',
      expect.stringMatching(/^visitor: \/ version 1 Hit from cloudfront, \d+ s old$/),
      'visitor: / version 2 Miss from cloudfront',
    ]));
    expect(factsOf(outcome)).toMatchObject({ pages: '4 of 4 fresh' });
    expect(readdirSync(site).sort()).toEqual(['a?b#c.txt', 'index.html', 'logo.svg', 'über uns']);
    expect(readFileSync(join(site, 'index.html'), 'latin1')).toBe(files['index.html']);
  }, PLAY_TIMEOUT);

  test.concurrent('--site with links in it marks a copy, not what they lead to', async () => {
    const [build, site] = ['build', 'linked'].map(name => join(folder, name));
    [build, site].forEach(path => mkdirSync(path));
    writeFileSync(join(build, 'home.html'), '<body>home</body>');
    symlinkSync(join(build, 'home.html'), join(site, 'index.html'));
    symlinkSync(join(build, 'nowhere.html'), join(site, 'broken.html'));

    const outcome = await demo('links', '--site', site);

    expect(outcome).toMatchObject({ code: 0, leftovers: [] });
    expect(factsOf(outcome)).toMatchObject({ pages: '1 of 1 fresh' });
    expect(readFileSync(join(build, 'home.html'), 'utf8')).toBe('<body>home</body>');
  }, PLAY_TIMEOUT);

  test.concurrent('--fault outage: the stage waits until CloudFront has recovered', async () => {
    const outcome = await demo('outage', '--fault', 'outage');
    expect(outcome).toMatchObject({ code: 0, leftovers: [] });
    expect(eventsOf(outcome).filter(event => /outage|503|recovered|accepts|Succeeded/.test(event))).toEqual([
      'CloudFront: has an outage',
      'CloudFront: answers CreateInvalidation with 503 ServiceUnavailable',
      'CloudFront: has recovered',
      expect.stringMatching(/accepts invalidation/),
      expect.stringMatching(/Succeeded/),
    ]);
    expect(factsOf(outcome)).toMatchObject({ pages: '3 of 3 fresh' });
  }, PLAY_TIMEOUT);

  test.concurrent('--fault quota: the stage waits until CloudFront has room', async () => {
    const outcome = await demo('quota', '--fault', 'quota');
    expect(outcome).toMatchObject({ code: 0, leftovers: [] });
    expect(eventsOf(outcome).filter(event => /wildcards|answers|accepts|Succeeded/.test(event))).toEqual([
      'CloudFront: is busy with 15 wildcards of other people',
      'CloudFront: answers CreateInvalidation with 400 TooManyInvalidationsInProgress',
      'CloudFront: is done with the 15 wildcards',
      expect.stringMatching(/accepts invalidation/),
      expect.stringMatching(/Succeeded/),
    ]);
    expect(factsOf(outcome)).toMatchObject({ pages: '3 of 3 fresh' });
  }, PLAY_TIMEOUT);

  test.concurrent('--fault permission: the stage is red, says why, and the pages stay stale', async () => {
    const outcome = await demo('permission', '--fault', 'permission');
    expect(outcome).toMatchObject({ code: 1, leftovers: [] });
    expect(eventsOf(outcome)).toContain('CodePipeline: Failed with PermissionError');
    expect(outcome.stdout).not.toContain('accepts invalidation');
    expect(outcome.stdout).toContain('✘ The stage is red, and visitors still see old pages');
    expect(factsOf(outcome)).toMatchObject({
      'CodePipeline shows': expect.stringMatching(/^PermissionError: Not allowed to invalidate distribution E\w+: AccessDenied: /),
      'stale': expect.stringMatching(/^3 of 3 pages: \/ /),
    });
  }, PLAY_TIMEOUT);
});

describe('called wrongly', () => {
  test.each([
    ['a fault that there is not', ['--fault', 'fire'], "There is no fault 'fire'. Choose one of: outage, quota, permission."],
    ['a fault of every object', ['--fault', 'toString'], "There is no fault 'toString'. Choose one of: outage, quota, permission."],
    ['a folder that there is not', ['--site', 'no/such/folder'], "--site: there is no folder 'no/such/folder'."],
    ['a file', ['--site', 'package.json'], "--site: 'package.json' is not a folder."],
    ['a folder without an index document', ['--site', 'src'], "--site: 'src' has no index.html. Name the folder that your site generator writes to."],
    ['no folder', ['--site', ''], '--site must name a folder.'],
    ['an unknown option', ['--frob'], "Unknown option '--frob'. See --help."],
  ])('with %s, it says so and exits with 2', async (_, args, message) => {
    expect(await demo('mistake', ...args)).toMatchObject({ code: 2, stdout: '', stderr: `${message}\n`, leftovers: [] });
  });

  test('with an empty folder, it says so and exits with 2', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    expect(await demo('mistake', '--site', empty)).toMatchObject({ code: 2, stdout: '', stderr: `--site: '${empty}' is empty.\n` });
  });
});

test('--help lists the options and the faults', async () => {
  const { code, stdout } = await demo('mistake', '--help');
  expect(code).toBe(0);
  for (const word of ['--site DIR', '--fault NAME', 'outage', 'quota', 'permission', 'NO_COLOR']) {
    expect(stdout).toContain(word);
  }
});
