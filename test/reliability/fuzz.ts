/**
 * What the function reads, broken in every way: event, parameters, continuation token, manifest and archive, made up or mutated from a
 * right one. Each ends in a value, or in the error that becomes a report; nothing hangs, and memory stays where it was.
 *
 * `npx projen reliability:fuzz` runs it; `--runs N` changes how often, and `--seed N` repeats one.
 */
import * as fc from 'fast-check';
import { writeSection } from './document';
import { Sandbox } from '../../sandbox';
import { Archive, Unreadable } from '../../src/handler/archive';
import { parseEvent } from '../../src/handler/event';
import { Failure } from '../../src/handler/failure';
import { parseManifest } from '../../src/handler/manifest';
import { checkParameters, failurePolicyOf, readParameters } from '../../src/handler/parameters';
import { fromContinuationToken, toContinuationToken } from '../../src/handler/progress';
import { givenArchive, givenRawArchive } from '../given-archive';

const RUNS = Number(argument('--runs') ?? 20_000);
const SEED = Number(argument('--seed') ?? Math.floor(Math.random() * 2 ** 31));
/** One input, the slowest. */
const MAX_MILLISECONDS = 2_000;
const MAX_HEAP_GROWTH = 64 * 1024 * 1024;

const EVENT = {
  'CodePipeline.job': {
    id: '11111111-abcd-1111-abcd-111111abcdef',
    accountId: '111111111111',
    data: {
      actionConfiguration: { configuration: { FunctionName: 'f', UserParameters: '{}' } },
      inputArtifacts: [{ name: 'site', revision: null, location: { type: 'S3', s3Location: { bucketName: 'artifacts', objectKey: 'site.zip' } } }],
      outputArtifacts: [],
      artifactCredentials: { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' },
      continuationToken: 'token',
    },
  },
};
const PARAMETERS = {
  distributionId: 'E2QWRUHEXAMPLE',
  distributionRole: { arn: 'arn:aws:iam::444455556666:role/invalidate', externalId: 'website', pipelineName: 'Website' },
  waitForCompletion: true,
  timeoutSeconds: 3600,
  failurePolicy: 'WARN',
  paths: { changedFiles: { pipelineName: 'Website', stageName: 'Invalidate', actionName: 'Invalidate', deployedBy: ['Deploy.Deploy'] } },
};
const TOKEN = toContinuationToken({
  callerReference: 'job',
  targetId: 'E1',
  startedAt: Date.now(),
  found: { paths: 3, digest: '0123456789ab', changes: { changed: 2, unchanged: 1 }, note: 'a note', asOf: Date.now() },
  sent: 3,
  invalidationCount: 1,
  invalidationId: 'I2J0I21PCUYOIK',
  completed: 0,
  halvings: 0,
  createTime: new Date().toISOString(),
});
const MANIFEST = '# changed\n/index.html\n/blog/*\n#news\n';

interface Target {
  readonly name: string;
  readonly input: fc.Arbitrary<unknown>;
  /** Returns, or throws. */
  readonly read: (input: never) => unknown;
  /** What it may throw: all else is a crash. */
  readonly isExpected: (error: unknown) => boolean;
  readonly runs?: number;
}

/** One to eight bytes changed, taken out, put in or repeated, or the end cut off. */
function mutated(original: Buffer): fc.Arbitrary<Buffer> {
  const edit = fc.tuple(fc.constantFrom('change', 'remove', 'insert', 'repeat', 'cut'), fc.nat(), fc.nat(255));
  return fc.array(edit, { minLength: 1, maxLength: 8 }).map(edits => edits.reduce<Buffer>((bytes, [how, where, value]) => {
    const at = bytes.length === 0 ? 0 : where % bytes.length;
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (how) {
      case 'change': return Buffer.concat([before, Buffer.from([value]), after.subarray(1)]);
      case 'remove': return Buffer.concat([before, after.subarray(1 + value % 8)]);
      case 'insert': return Buffer.concat([before, Buffer.from([value]), after]);
      case 'repeat': return Buffer.concat([before, after.subarray(0, value), after]);
      default: return before;
    }
  }, original));
}

function bytesOf(maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength }).map(bytes => Buffer.from(bytes));
}

function mutatedText(original: string): fc.Arbitrary<string> {
  return mutated(Buffer.from(original)).map(bytes => bytes.toString());
}

/** A value of JSON with some of its leaves replaced by anything. */
function mutatedJson(original: unknown): fc.Arbitrary<unknown> {
  return fc.infiniteStream(fc.tuple(fc.nat(9), fc.jsonValue())).map(stream => {
    const replace = (value: unknown): unknown => {
      const { value: [dice, anything] } = stream.next() as { value: [number, unknown] };
      if (dice === 0) {
        return anything;
      }
      if (Array.isArray(value)) {
        return value.map(replace);
      }
      if (typeof value !== 'object' || value === null) {
        return value;
      }
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replace(each)]));
    };
    return replace(original);
  });
}

function targets(sandbox: Sandbox, archives: readonly Buffer[]): Target[] {
  const isFailure = (error: unknown) => error instanceof Failure;
  return [
    {
      name: 'event',
      input: fc.oneof(mutatedJson(EVENT), fc.anything()),
      read: parseEvent,
      isExpected: error => error instanceof Error && error.message.startsWith('The event is not a CodePipeline job'),
    },
    {
      name: 'parameters',
      input: fc.oneof(
        mutatedText(JSON.stringify(PARAMETERS)), mutatedJson(PARAMETERS).map(value => JSON.stringify(value)), fc.json(), fc.string({ unit: 'binary' }),
      ),
      read: (text: string) => {
        const raw = readParameters(text);
        failurePolicyOf(raw);
        return checkParameters(raw, {});
      },
      isExpected: isFailure,
    },
    {
      name: 'continuation token',
      input: fc.oneof(mutatedText(TOKEN), mutatedJson(JSON.parse(TOKEN)).map(value => JSON.stringify(value)), fc.json()),
      read: fromContinuationToken,
      isExpected: isFailure,
    },
    {
      name: 'manifest',
      input: fc.oneof(mutated(Buffer.from(MANIFEST)), bytesOf(2_000), fc.json().map(text => Buffer.from(text))),
      read: (content: Buffer) => parseManifest('invalidation.txt', content),
      isExpected: isFailure,
    },
    {
      name: 'archive',
      input: fc.oneof(...archives.map(mutated), bytesOf(2_000)),
      read: async (bytes: Buffer) => {
        sandbox.s3.put('artifacts', 'site.zip', bytes);
        sandbox.requests.splice(0);
        const archive = await Archive.open({ bucket: 'artifacts', key: 'site.zip' }, Date.now() + MAX_MILLISECONDS);
        for await (const file of archive.files()) {
          void file;
        }
      },
      isExpected: error => isFailure(error) || error instanceof Unreadable,
      // Each is several requests over HTTP.
      runs: Math.ceil(RUNS / 10),
    },
  ];
}

function argument(name: string): string | undefined {
  const index = process.argv.indexOf(name);
  return index === -1 ? undefined : process.argv[index + 1];
}

async function main(): Promise<void> {
  const sandbox = await Sandbox.start();
  try {
    const role = sandbox.addRole('reader', [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }]);
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_S3: sandbox.s3.endpoint,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: role.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
    });
    const archives = [
      await givenArchive({ 'index.html': 'a', 'blog/index.html': 'b' }),
      await givenArchive({ 'index.html': 'a' }, { forceZip64Format: true }),
      givenRawArchive({ name: Buffer.from('a'), flags: 0x0008 }),
    ];
    console.log(`seed ${SEED}`);
    const rows: string[] = [];
    for (const { name, input, read, isExpected, runs = RUNS } of targets(sandbox, archives)) {
      const heap = process.memoryUsage().heapUsed;
      const counts = { read: 0, refused: 0 };
      let slowest = 0;
      await fc.assert(fc.asyncProperty(input, async value => {
        const start = performance.now();
        try {
          await read(value as never);
          counts.read++;
        } catch (error) {
          if (!isExpected(error)) {
            throw error;
          }
          counts.refused++;
        }
        slowest = Math.max(slowest, performance.now() - start);
      }), { numRuns: runs, seed: SEED });
      global.gc?.();
      const growth = process.memoryUsage().heapUsed - heap;
      console.log(`${name}: ${counts.read + counts.refused} inputs, ${counts.read} read, ${counts.refused} refused, none crashed; ` +
        `the slowest took ${slowest.toFixed(0)} ms, memory grew by ${(growth / 1024 / 1024).toFixed(1)} MiB`);
      if (slowest > MAX_MILLISECONDS * 2 || global.gc !== undefined && growth > MAX_HEAP_GROWTH) {
        throw new Error(`${name} took too long or too much`);
      }
      rows.push(`| ${name} | ${(counts.read + counts.refused).toLocaleString('en-US')} | ${counts.read} | ${counts.refused} | 0 |`);
    }
    writeSection('Fuzzing', `\`npx projen reliability:fuzz\`: texts and bytes that nobody would write, and mutations of those that somebody would (seed ${SEED}). None hangs,
and none makes the memory grow.

| what is read | inputs | read | refused with words | crashed |
|---|---|---|---|---|
${rows.join('\n')}
`);
  } finally {
    await sandbox.stop();
  }
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
