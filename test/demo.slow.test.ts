import { execFileSync, spawn } from 'child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { XMLValidator } from 'fast-xml-parser';
import { draw, type Run } from '../examples/static-website/demo/draw';

const ROOT = join(__dirname, '..');

/** The demo plays in real time, and several at a time. */
const PLAY_TIMEOUT = 90_000;

const NAMES = ['happy', 'site', 'links', 'builds', 'changed', 'assets', 'nothing', 'outage', 'quota', 'permission', 'mistake'] as const;

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
  return [...unwrapped(stdout).matchAll(/^ *\+\d+\.\d s  (\w+) +(.*)$/gm)].map(([, actor, text]) => `${actor}: ${text.replace(/ +/g, ' ')}`);
}

/** With each event on a line of its own. */
function unwrapped(stdout: string): string {
  return stdout.replace(/\n {25}(?=\S)/g, ' ');
}

/** The chapters of the story, with their events. */
function chaptersOf({ stdout }: Outcome): Record<string, string> {
  const [, ...chapters] = unwrapped(stdout).split(/\n\n {11}(?=\S)/);
  return Object.fromEntries(chapters.map(chapter => [chapter.split('\n')[0].split(':')[0], chapter]));
}

/** What is printed fits a terminal of the usual width. */
function expectNarrow({ stdout }: Pick<Outcome, 'stdout'>): void {
  expect(stdout.split('\n').filter(line => line.length > 80 && !/^ *\S+$/.test(line))).toEqual([]);
}

/** A folder with these files. */
function givenSite(name: string, files: Readonly<Record<string, string>>): string {
  const site = join(folder, name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(site, file)), { recursive: true });
    writeFileSync(join(site, file), content);
  }
  return site;
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
    expectNarrow(outcome);

    const { 'Version 1': first, 'Version 2': second, 'What visitors see now': now, ...others } = chaptersOf(outcome);
    expect(first).toMatch(/visitor +version 1 {2}Miss +\/\n/);
    expect(first).toMatch(/visitor +version 1 {2}Hit, \d+ s old +\/$/);
    expect(second.match(/version \d/g)).toEqual(['version 2', 'version 1', 'version 1', 'version 1']);
    expect(second.match(/Hit, \d+ s old/g)).toHaveLength(3);
    expect(now.match(/version \d/g)).toEqual(['version 2', 'version 2', 'version 2']);

    const stage = others["The pipeline's last stage"];
    const id = /accepts invalidation (I[A-Z0-9]+) of \/\*/.exec(stage)?.[1];
    expect(eventsOf({ ...outcome, stdout: stage })).toEqual(expect.arrayContaining([
      'CodePipeline: starts action InvalidateDistribution, which invokes the function as it ships',
      `CloudFront: accepts invalidation ${id} of /*`,
      'CloudFront: drops /* from the cache',
      'visitor: version 2 Miss /',
      `CloudFront: says that invalidation ${id} is Completed`,
      'Lambda: visits pages itself, and compares them with what was deployed',
      expect.stringMatching(/^CodePipeline: Succeeded: Invalidated 1 path of distribution E[A-Z0-9]+ in \d.*, and 7 pages were seen fresh at DUB56-P1\.$/),
    ]));
    const facts = factsOf(outcome);
    expect(facts).toMatchObject({
      'invalidation': id,
      'paths': expect.stringMatching(/^\/\* /),
      'cost on AWS': '$0 within the 1,000 free paths a month, then $0.005',
      'seen fresh': '7 by the stage itself, before it turned green',
      'pages': '7 of 7 fresh',
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
      expect.stringMatching(/^visitor: version 1 Hit, \d+ s old \/$/),
      'visitor: version 2 Miss /',
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

  test.concurrent('--next is version 2, and its own build of a page', async () => {
    const same = { 'style.css': 'a', 'about us.html': 'b' };
    const site = givenSite('old', { ...same, 'index.html': 'one', 'gone.html': 'c' });
    const next = givenSite('new', { ...same, 'index.html': 'two', 'deep/new.html': 'd' });

    const outcome = await demo('builds', '--site', site, '--next', next);

    expect(outcome).toMatchObject({ code: 0, leftovers: [] });
    expect(eventsOf(outcome)).toEqual(expect.arrayContaining([
      `you: publish 4 files of ${site}`,
      `you: publish version 2 of ${next}: 1 file changed, 1 added, 1 removed`,
      'CodePipeline: leaves 1 removed file in the bucket: its deploy action deletes nothing',
      'visitor: version 2 Miss /',
      expect.stringMatching(/^visitor: unchanged Hit, \d+ s old \/about us.html$/),
    ]));
    expect(factsOf(outcome)).toMatchObject({ paths: expect.stringMatching(/^\/\* /), pages: '5 of 5 fresh' });
    expect(readFileSync(join(site, 'index.html'), 'utf8')).toBe('one');
  }, PLAY_TIMEOUT);

  test.concurrent('--changed-files invalidates what version 2 changes, and says what stays in the cache', async () => {
    const outcome = await demo('changed', '--changed-files');

    expect(outcome).toMatchObject({ code: 0, leftovers: [] });
    expectNarrow(outcome);
    const { 'Version 1': first, "The pipeline's last stage": stage } = chaptersOf(outcome);
    expect(first).toContain('everything, because this action has not succeeded before');
    expect(stage).toMatch(/Succeeded: Invalidated 4 paths of distribution E\w+ in .*: 3 files changed, and no unchanged file was invalidated with them/);
    // What did not change never left the cache: its copy is older than the stage.
    const [, age] = /unchanged {2}Hit, (\d+) s old +\/about.html/.exec(chaptersOf(outcome)['What visitors see now']) ?? [];
    expect(Number(age)).toBeGreaterThanOrEqual(5);
    const sizes = ['about', 'opening-hours', 'blog/rye', 'blog/oven'].map(page => statSync(join(ROOT, `examples/static-website/demo/site-both/${page}.html`)).size);
    expect(factsOf(outcome)).toMatchObject({
      'paths': '4: / /blog/sourdough.html /index.html /style.css',
      'cache kept': expect.stringMatching(new RegExp(`^4 of 7 files \\(57 %\\), ${(sizes.reduce((sum, size) => sum + size) / 1000).toFixed(1)} KB of .*; /\\* would keep none$`)),
      'seen fresh': '3 by the stage itself, before it turned green',
      'pages': '7 of 7 fresh',
    });
  }, PLAY_TIMEOUT);

  test.concurrent('--exclude leaves out files whose names change with their contents, and a wrong one shows as stale pages', async () => {
    const pages = { 'a.html': 'a', 'b.html': 'b', 'c.html': 'c' };
    const site = givenSite('hashed-old', { ...pages, 'index.html': 'one', 'assets/app-1.js': '1', 'assets/x-1.js': '1', 'assets/y-1.js': '1' });
    const next = givenSite('hashed-new', { ...pages, 'index.html': 'two', 'assets/app-2.js': '2', 'assets/x-2.js': '2', 'assets/y-2.js': '2' });
    const [everything, fingerprints, wrong] = await Promise.all([
      demo('assets', '--site', site, '--next', next, '--changed-files'),
      demo('assets', '--site', site, '--next', next, '--changed-files', '--exclude', 'assets/**'),
      demo('assets', '--site', site, '--changed-files', '--exclude', 'index.html'),
    ]);

    expect(factsOf(everything)).toMatchObject({
      'paths': expect.stringMatching(/^\/\* /),
      'cache kept': expect.stringMatching(/^0 of 7 files \(0 %\)/),
      'to keep more': expect.stringContaining("--exclude 'assets/**'"),
      'pages': '10 of 10 fresh',
    });
    expect(factsOf(fingerprints)).toMatchObject({
      'paths': '2: / /index.html', 'cache kept': expect.stringMatching(/^6 of 7 files \(86 %\)/), 'pages': '10 of 10 fresh',
    });
    expect(wrong).toMatchObject({ code: 1, stdout: expect.stringContaining('✘ The stage is green, and pages are stale') });
    expect(factsOf(wrong)).toMatchObject({
      'invalidation': 'none: no change concerns the cache',
      'pages': '6 of 7 fresh; stale: /',
      'why they are stale': expect.stringContaining('--exclude leaves out files that change under the same name'),
    });
  }, PLAY_TIMEOUT);

  test.concurrent('--changed-files with a mistake of the options is red before version 2, and says what CodePipeline shows', async () => {
    const outcome = await demo('nothing', '--changed-files', '--exclude', '**');
    expect(outcome).toMatchObject({ code: 1, leftovers: [] });
    expect(Object.keys(chaptersOf(outcome))).toEqual(['Deploy the example', 'Version 1']);
    expect(factsOf(outcome)).toMatchObject({ 'CodePipeline shows': expect.stringMatching(/^ConfigurationError: exclude must leave at least one file of the artifact/) });
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
    expect(factsOf(outcome)).toMatchObject({ pages: '7 of 7 fresh' });
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
    expect(factsOf(outcome)).toMatchObject({ pages: '7 of 7 fresh' });
  }, PLAY_TIMEOUT);

  test.concurrent('--fault permission: the stage is red, says why, and the pages stay stale', async () => {
    const outcome = await demo('permission', '--fault', 'permission');
    expect(outcome).toMatchObject({ code: 1, leftovers: [] });
    expect(eventsOf(outcome)).toContain('CodePipeline: Failed with PermissionError');
    expect(outcome.stdout).not.toContain('accepts invalidation');
    expect(outcome.stdout).toContain('✘ The stage is red, and visitors still see old pages');
    expect(factsOf(outcome)).toMatchObject({
      'CodePipeline shows': expect.stringMatching(/^PermissionError: Not allowed to invalidate distribution E\w+: AccessDenied: /),
      'stale': expect.stringMatching(/^3 of 7 pages: \/ /),
    });
  }, PLAY_TIMEOUT);
});

describe('called wrongly', () => {
  const HOW = 'Name the folder that your site generator writes to';

  test.each([
    ['a fault that there is not', ['--fault', 'fire'], "--fault must be one of outage, quota, permission, got 'fire'."],
    ['a fault of every object', ['--fault', 'toString'], "--fault must be one of outage, quota, permission, got 'toString'."],
    ['a folder that there is not', ['--site', 'no/such/folder'], `--site must be a folder, got 'no/such/folder', which does not exist. ${HOW}, after a build.`],
    ['a file', ['--site', 'package.json'], `--site must be a folder, got the file 'package.json'. ${HOW}.`],
    ['a folder without HTML', ['--site', 'src'], `--site must have an index.html at its top, got 'src', which has no HTML at all. ${HOW}.`],
    ['a folder with a site in it', ['--site', 'examples/cdk-pipelines'],
      "--site must have an index.html at its top, got 'examples/cdk-pipelines'. Name the folder that has one: 'examples/cdk-pipelines/drafts', perhaps."],
    ['no folder', ['--site', ''], "--site must name a folder, got ''."],
    ['no next folder', ['--site', 'examples/cdk-pipelines/drafts', '--next', ''], "--next must name a folder, got ''."],
    ['a next build alone', ['--next', 'new'], "--next must stand beside --site, got only 'new'. Name the build that is live today: --site OLD --next NEW."],
    ['a next build that there is not', ['--site', 'examples/cdk-pipelines/drafts', '--next', 'new'],
      `--next must be a folder, got 'new', which does not exist. ${HOW}, after a build.`],
    ['two builds that are the same', ['--site', 'examples/cdk-pipelines/drafts', '--next', 'examples/cdk-pipelines/drafts'],
      "--next must be another build than --site, got 'examples/cdk-pipelines/drafts', which has the same 1 file. Change a page, and build again."],
    ['files left out of everything', ['--exclude', 'a/**'], "--exclude must stand beside --changed-files, got only 'a/**'. Without it, everything is invalidated."],
    ['a pattern that is none', ['--changed-files', '--exclude', ''], expect.stringMatching(/^--exclude must /)],
    ['a pattern that matches nothing', ['--changed-files', '--exclude', '*.css', '--exclude', 'blogs/**'],
      "--exclude must match a file of the site, got 'blogs/**', which matches none. Write it relative to the site's folder."],
    ['an unknown option', ['--frob'], "Unknown option '--frob'. See --help."],
  ])('with %s, it says so and exits with 2', async (_, args, message) => {
    const { stderr, ...outcome } = await demo('mistake', ...args);
    expect(outcome).toMatchObject({ code: 2, stdout: '', leftovers: [] });
    expect(stderr.trimEnd()).toEqual(message);
  });

  test.each<[string, (site: string) => void, string]>([
    ['an empty folder', () => {}, 'have files, got the empty folder'],
    ['a folder that a link in it leads to', site => symlinkSync(site, join(site, 'loop')), 'be readable, got'],
    ['a name that no archive takes', site => ['index.html', 'a\\b.html'].forEach(file => writeFileSync(join(site, file), '')), "have files with names that a pipeline's ZIP archive takes, got"],
    ['too many files', site => Array.from({ length: 20_001 }, (_, index) => writeFileSync(join(site, `${index}`), '')), 'have at most 20,000 files, got more in'],
    ['too many bytes', site => {
      writeFileSync(join(site, 'index.html'), '');
      truncateSync(join(site, 'index.html'), 300_000_001);
    }, 'have at most 300 MB, got 301 MB in'],
  ])('with %s, it says so and exits with 2', async (_, prepare, message) => {
    const site = mkdtempSync(join(folder, 'wrong-'));
    prepare(site);
    const { stderr, ...outcome } = await demo('mistake', '--site', site);
    expect(outcome).toMatchObject({ code: 2, stdout: '', leftovers: [] });
    expect(stderr).toContain(`--site must ${message} '`);
    expect(stderr).not.toContain('    at ');
    rmSync(site, { recursive: true });
  });
});

describe('the picture', () => {
  const RUN: Run = {
    started: 1,
    accepted: 2,
    dropped: 4,
    completed: 5,
    ended: 6,
    pages: 7,
    looks: [{ at: -0.5, version: 1 }, { at: 0.5, version: 1 }, { at: 4.5, version: 2 }, { at: 5.5, version: 2 }],
  };

  /** From where to where the bar with a label goes. */
  const barOf = (svg: string, label: string) => {
    const [, left, width] = new RegExp(`<rect x="([\\d.]+)" y="\\d+" width="([\\d.]+)"[^>]*/><text[^>]*>${label}<`).exec(svg) ?? [];
    return [Number(left), Number(left) + Number(width)];
  };

  test('in docs is what the run in it looks like', () => {
    const svg = readFileSync(join(ROOT, 'docs/demo.svg'), 'utf8');
    expect(XMLValidator.validate(svg)).toBe(true);
    const run = JSON.parse(/<metadata>(.*)<\/metadata>/.exec(svg)?.[1] ?? '') as Run;
    expect(draw(run)).toBe(svg);
    expect(run.completed - run.accepted).toBeCloseTo(5, 0);
  });

  test('has a bar as long as what it is of took, and the page turns fresh when the visitor saw it', () => {
    const svg = draw(RUN);
    const [stageLeft, stageRight] = barOf(svg, 'invalidate, wait, look at the pages');
    const second = (stageRight - stageLeft) / 5;
    const [left, right] = barOf(svg, 'invalidation in progress');
    expect((left - stageLeft) / second).toBeCloseTo(1, 1);
    expect((right - left) / second).toBeCloseTo(3, 1);
    const [staleLeft, staleRight] = barOf(svg, 'version 1: stale');
    expect((staleRight - staleLeft) / second).toBeCloseTo(4.5, 1);
    expect(barOf(svg, 'version 2: fresh')[0]).toBeCloseTo(staleRight, 1);
    expect(svg.match(/r="2.5"/g)).toHaveLength(RUN.looks.length);
    expect(svg).toContain('6.0 s: CodePipeline turns green: the stage has seen 7 fresh pages itself');
  });

  test('is drawn of a run', async () => {
    const file = join(folder, 'demo.svg');
    execFileSync(process.execPath, [DEMO[0], ...DEMO.slice(1, 3), 'examples/static-website/demo/picture.ts', file], { cwd: ROOT, stdio: 'pipe' });
    const { looks, ...moments } = JSON.parse(/<metadata>(.*)<\/metadata>/.exec(readFileSync(file, 'utf8'))?.[1] ?? '') as Run;
    const { started, accepted, dropped, completed, ended, pages } = moments;
    const order = [0, started, accepted, dropped, completed, ended];
    expect([...order].sort((a, b) => a - b)).toEqual(order);
    expect(pages).toBe(7);
    expect(looks.filter(({ at, version }) => version === 1 && at > dropped + 0.5)).toEqual([]);
    expect(looks.filter(({ at, version }) => version === 2 && at < dropped)).toEqual([]);
    expect(looks.length).toBeGreaterThan(5);
  }, PLAY_TIMEOUT);
});

test('--help lists the options and the faults', async () => {
  const outcome = await demo('mistake', '--help');
  expect(outcome.code).toBe(0);
  expectNarrow(outcome);
  for (const word of ['--site OLD', '--next NEW', '--changed-files', '--exclude GLOB', '--fault NAME', 'outage', 'quota', 'permission', 'NO_COLOR']) {
    expect(outcome.stdout).toContain(word);
  }
});
