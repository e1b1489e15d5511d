import { mkdirSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { givenFunction, PUT, removeFolders, until } from './given-function';
import { Sandbox } from '../../sandbox';

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await Sandbox.start({ timeScale: 600 });
});
afterEach(async () => {
  await sandbox.stop();
  removeFolders();
});

// Not by console.log, which AWS's client makes lines of its own of.
const PRINT = 'const print = text => process.stdout.write(text + "\\n");';
const PRINT_PID = `${PRINT} print(process.pid);`;

const OUR_RUNTIME = `nodejs${process.versions.node.split('.')[0]}.x`;

describe('a process', () => {
  test('has the function\'s own version of Node.js where that is installed', async () => {
    givenFunction(sandbox, 'exports.handler = async () => process.version;');
    const { outcome, result } = await sandbox.lambda.invoke('fn', {});
    expect(outcome).toBe('ok');
    expect(String(result).startsWith('v24.') || sandbox.lambda.notices[0].includes('not on its runtime nodejs24.x')).toBe(true);
  });

  test('has another version where it must, and says so once', async () => {
    givenFunction(sandbox, 'exports.handler = async () => process.version;', { runtime: 'nodejs18.x' });
    const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    await Promise.all([sandbox.lambda.invoke('fn', {}), sandbox.lambda.invoke('fn', {})]);
    expect(sandbox.lambda.notices).toEqual([expect.stringContaining(`runs on Node.js ${process.version}, not on its runtime nodejs18.x`)]);
    expect(written.mock.calls.filter(([text]) => String(text).includes('nodejs18.x'))).toHaveLength(1);
    written.mockRestore();
  });

  test('has what Lambda gives it, and nothing of ours', async () => {
    process.env.OF_OURS = 'secret';
    givenFunction(sandbox, `exports.handler = async (event, context) =>
      ({ env: process.env, client: process.argv[1], argv: process.execArgv, event, context, names: Object.keys(context).sort(), left: context.getRemainingTimeInMillis() });`);
    const { result, requestId } = await sandbox.lambda.invoke('fn', { a: 1 });
    delete process.env.OF_OURS;
    expect(result).toMatchObject({
      event: { a: 1 },
      client: process.env.SANDBOX_LAMBDA_CLIENT ?? expect.stringMatching(/lambda-runtime\.js$/),
      argv: ['--max-semi-space-size=6', '--max-old-space-size=115', '--require', expect.stringMatching(/lambda-time\.js$/)],
      context: {
        awsRequestId: requestId,
        functionName: 'fn',
        functionVersion: '$LATEST',
        memoryLimitInMB: '128',
        invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:fn',
        logGroupName: '/aws/lambda/fn',
        logStreamName: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
        xRayTraceId: expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/),
      },
    });
    const { env, names, left } = result as { env: Record<string, string>; names: string[]; left: number };
    expect(names).toEqual(expect.arrayContaining(['clientContext', 'identity']));
    expect(env._X_AMZN_TRACE_ID).toMatch(/^Root=1-/);
    expect(left).toBeLessThanOrEqual(900_000);
    expect(left).toBeGreaterThan(0);
    expect(Object.keys(env).filter(name => !/^(AWS_|LAMBDA_|_X_AMZN_TRACE_ID$|_HANDLER$|PATH$|LANG$|TZ$|KEY$)/.test(name))).toEqual([]);
    expect(env).toMatchObject({
      KEY: 'value',
      AWS_REGION: 'eu-west-1',
      AWS_LAMBDA_FUNCTION_NAME: 'fn',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_ACCESS_KEY_ID: sandbox.role('fn-role').accessKeyId,
      AWS_ENDPOINT_URL_CLOUDFRONT: sandbox.cloudFront.endpoint,
      AWS_ENDPOINT_URL_CODEPIPELINE: sandbox.codePipeline.endpoint,
    });
  });

  test('is kept for the next event; an event at the same time takes another', async () => {
    givenFunction(sandbox, `exports.handler = async () => { ${PRINT_PID} await new Promise(resolve => setTimeout(resolve, 30_000)); };`);
    await sandbox.lambda.invoke('fn', {});
    await Promise.all([sandbox.lambda.invoke('fn', {}), sandbox.lambda.invoke('fn', {})]);
    const [first, second, third] = pids();
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test('is killed at the timeout, and not used again', async () => {
    givenFunction(sandbox, `exports.handler = async event => { ${PRINT_PID} await new Promise(resolve => setTimeout(resolve, event.ms)); };`, { timeout: 300 });
    expect(await sandbox.lambda.invoke('fn', { ms: 3_000_000 })).toMatchObject({
      outcome: 'timeout', error: { type: 'Sandbox.Timedout', message: 'Task timed out after 300.00 seconds' },
    });
    expect(await sandbox.lambda.invoke('fn', { ms: 1 })).toMatchObject({ outcome: 'ok' });
    const [first, second] = pids();
    expect(second).not.toBe(first);
  });

  test('that ends between two events is not used again', async () => {
    givenFunction(sandbox, `exports.handler = async () => { ${PRINT_PID} };`);
    await sandbox.lambda.invoke('fn', {});
    process.kill(Number(pids()[0]), 'SIGKILL');
    await until(() => !isRunning(pids()[0]));
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(await sandbox.lambda.invoke('fn', {})).toMatchObject({ outcome: 'ok' });
    expect(new Set(pids()).size).toBe(2);
  });

  test('that crashes leaves its last words', async () => {
    givenFunction(sandbox, 'exports.handler = async () => { process.stdout.write("a\\n"); process.stderr.write("b\\n"); process.exit(1); };');
    const { outcome, error, logs } = await sandbox.lambda.invoke('fn', {});
    expect({ outcome, error }).toEqual({ outcome: 'crash', error: { type: 'Runtime.ExitError', message: 'Runtime exited' } });
    expect([...logs].sort()).toEqual(['a', 'b']);
    expect(sandbox.lambda.exits.map(words => words.sort())).toEqual([['a', 'b']]);
  });

  test('whose time is up is told so: what is left is negative', async () => {
    givenFunction(sandbox, `exports.handler = async (event, context) => {
      const { now } = Date; Date.now = () => now() + 1_000_000; return context.getRemainingTimeInMillis(); };`);
    const { result } = await sandbox.lambda.invoke('fn', {});
    expect(result).toBeLessThan(0);
  });

  test('does nothing between two events', async () => {
    givenFunction(sandbox, `let ticks = 0; setInterval(() => ticks++, 100);
      exports.handler = async ({ ms }) => { const before = ticks; await new Promise(resolve => setTimeout(resolve, ms)); return { before, after: ticks }; };`);
    const { result: first } = await sandbox.lambda.invoke('fn', { ms: 6_000 });
    await sandbox.clock.sleep(300_000);
    const { result: second } = await sandbox.lambda.invoke('fn', { ms: 6_000 });
    const [{ after }, { before, after: end }] = [first, second] as { before: number; after: number }[];
    expect(after).toBeGreaterThan(0);
    expect(before - after).toBeLessThan(20);
    expect(end).toBeGreaterThan(before);
  });

  test('that failed says so in its log, as text or as JSON', async () => {
    for (const [name, logFormat] of [['text', undefined], ['json', 'JSON']] as const) {
      givenFunction(sandbox, 'exports.handler = async () => { throw new TypeError("boom"); };', { name, logFormat });
    }
    const [[text], [json]] = [(await sandbox.lambda.invoke('text', {})).logs, (await sandbox.lambda.invoke('json', {})).logs];
    expect(text).toMatch(/^\d{4}-[^\t]+Z\t[0-9a-f-]{36}\tERROR\tInvoke Error \t\{"errorType":"TypeError","errorMessage":"boom",.*"stack":\["TypeError: boom"/);
    expect(JSON.parse(json)).toMatchObject({
      timestamp: expect.any(String), level: 'ERROR', requestId: expect.any(String), message: { errorType: 'TypeError', errorMessage: 'boom', stackTrace: expect.any(Array) },
    });
  });

  test('is gone once the sandbox is stopped', async () => {
    givenFunction(sandbox, `exports.handler = async () => { ${PRINT_PID} await new Promise(() => {}); };`);
    const running = sandbox.lambda.invoke('fn', {});
    await until(() => pids().length === 1);
    await sandbox.stop();
    expect(isRunning(pids()[0])).toBe(false);
    expect(await running).toMatchObject({ outcome: 'crash' });
    await expect(sandbox.lambda.invoke('fn', {})).rejects.toThrow('The sandbox is stopped');
  });
});

describe('a handler', () => {
  test.each([
    ['of another name', 'index.handler', 'exports.handlr = async () => {};', 'Runtime.HandlerNotFound', 'index.handler is undefined or not exported'],
    ['that is no function', 'index.handler', 'exports.handler = 1;', 'Runtime.HandlerNotFound', 'index.handler is not a function'],
    ['in a file that does not exist', 'other.handler', '', 'Runtime.ImportModuleError', "Error: Cannot find module 'other'"],
    ['that is no JavaScript', 'index.handler', 'exports.handler = ;', 'Runtime.UserCodeSyntaxError', "SyntaxError: Unexpected token ';'"],
    ['without a name', 'index', '', 'Runtime.MalformedHandlerName', 'Bad handler'],
    ['above its folder', '../index.handler', '', 'Runtime.MalformedHandlerName', "'../index.handler' is not a valid handler name"],
    ['with a callback', 'index.handler', 'exports.handler = (event, context, callback) => callback();', 'Runtime.CallbackHandlerDeprecated', 'ERROR: AWS Lambda has removed support'],
    ['that throws when it is loaded', 'index.handler', 'throw new RangeError("boom");', 'RangeError', 'boom'],
  ])('%s is refused when it is loaded', async (_, handler, code, type, message) => {
    givenFunction(sandbox, code, { handler });
    const { outcome, error, logs } = await sandbox.lambda.invoke('fn', {});
    expect({ outcome, error }).toEqual({ outcome: 'error', error: { type, message: expect.stringContaining(message) } });
    expect(logs[0]).toContain('\tERROR\tInit Error \t');
    // Loaded again with the next event.
    expect(await sandbox.lambda.invoke('fn', {})).toMatchObject({ outcome: 'error' });
  });

  test.each([
    ['index.first.second', { 'index.js': 'exports.first = { second: async () => "nested" };' }, 'nested'],
    ['index.handler', { 'index.js': 'exports.handler = async () => "js";', 'index.mjs': 'export const handler = async () => "mjs";' }, 'js'],
    ['main.handler', { 'main.mjs': 'export const handler = async () => "mjs";', 'main.cjs': 'exports.handler = async () => "cjs";' }, 'mjs'],
    ['main.handler', { 'main': 'exports.handler = async () => "bare";', 'main.js': 'exports.handler = async () => "js";' }, 'bare'],
    ['folder/main.handler', { 'folder/main.cjs': 'exports.handler = async () => "cjs";' }, 'cjs'],
    ['package.handler', { 'node_modules/package/index.js': 'exports.handler = async () => "package";' }, 'package'],
  ])('%s of %j', async (handler, files, result) => {
    const { code } = givenFunction(sandbox, '', { handler });
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(code, name)), { recursive: true });
      writeFileSync(join(code, name), content);
    }
    expect(await sandbox.lambda.invoke('fn', {})).toMatchObject({ outcome: 'ok', result });
  });
});

describe('an asynchronous event', () => {
  test('that fails is tried twice more, after one and two minutes', async () => {
    givenFunction(sandbox, 'exports.handler = async () => { throw new TypeError("boom"); };');
    await sandbox.lambda.invokeAsync('fn', {});
    expect(sandbox.lambda.invocations).toMatchObject([1, 2, 3].map(attempt => ({ attempt, outcome: 'error', error: { type: 'TypeError', message: 'boom' } })));
    const [first, second, third] = sandbox.lambda.invocations;
    expect(second.startedAt - Number(first.endedAt)).toBeGreaterThanOrEqual(59_000);
    expect(third.startedAt - Number(second.endedAt)).toBeGreaterThanOrEqual(119_000);
  });

  test('that succeeds is not tried again', async () => {
    givenFunction(sandbox, 'exports.handler = async () => "done";');
    await sandbox.lambda.invokeAsync('fn', {});
    await sandbox.clock.sleep(200_000);
    expect(sandbox.lambda.invocations).toMatchObject([{ attempt: 1, outcome: 'ok', result: 'done' }]);
  });
});

test('a process without work is shut down after the time that was set', async () => {
  givenFunction(sandbox, 'exports.handler = async () => process.pid;');
  const { result: first } = await sandbox.lambda.invoke('fn', {});
  sandbox.lambda.shutdownAfter = 1_000;
  const { result: second } = await sandbox.lambda.invoke('fn', {});
  await sandbox.clock.sleep(60_000);
  const { result: third } = await sandbox.lambda.invoke('fn', {});
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

describe('a crash after the effect', () => {
  const ANSWER = `${PUT} ${PRINT} exports.handler = async event => { print(event['CodePipeline.job'].id); await new Promise(resolve => setTimeout(resolve, 5_000));
    const { status } = await put('PutJobSuccessResult', { jobId: event['CodePipeline.job'].id }); print(status); };`;

  test('leaves the effect, and the event is delivered again', async () => {
    givenFunction(sandbox, ANSWER);
    sandbox.lambda.crash({ when: ({ operation }) => operation === 'PutJobSuccessResult' });
    const action = await sandbox.codePipeline.startAction({ functionName: 'fn' }).finished;
    expect(action.status).toBe('Succeeded');
    await until(() => sandbox.lambda.invocations.length === 2 && sandbox.lambda.invocations[1].outcome !== undefined);
    expect(sandbox.lambda.invocations.map(({ outcome, logs }) => [outcome, logs])).toEqual([
      ['crash', [action.jobs[0]]],
      ['ok', [action.jobs[0], '400']],
    ]);
    expect(sandbox.requests.map(({ principal, status, errorCode }) => ({ principal, status, errorCode }))).toEqual([
      { principal: 'fn-role', status: undefined, errorCode: 'crash' },
      { principal: 'fn-role', status: 400, errorCode: 'InvalidJobStateException' },
    ]);
  });

  test('is of the process that sent the request, although others of the function run', async () => {
    givenFunction(sandbox, ANSWER);
    const [first, second] = [1, 2].map(() => sandbox.codePipeline.startAction({ functionName: 'fn' }));
    // The answers come late, so that both processes are busy when the second one's request comes.
    sandbox.faults.add({ service: 'codepipeline', operation: 'PutJobSuccessResult', fault: { delay: 300_000 }, times: Infinity });
    sandbox.lambda.crash({ when: ({ input }) => input.jobId === second.jobs[0] });
    await Promise.all([first.finished, second.finished]);
    await until(() => sandbox.lambda.invocations.slice(0, 2).every(({ outcome }) => outcome !== undefined));
    const outcomes = Object.fromEntries(sandbox.lambda.invocations.slice(0, 2).map(({ outcome, logs }) => [logs[0], outcome]));
    expect(outcomes).toEqual({ [first.jobs[0]]: 'ok', [second.jobs[0]]: 'crash' });
  });
});

test.each([...new Set(['nodejs24.x', OUR_RUNTIME])])('all clocks and timers of a function are in the sandbox\'s time: %s', async runtime => {
  await sandbox.stop();
  sandbox = await Sandbox.start({ timeScale: 50 });
  givenFunction(sandbox, `
    const timers = require('node:timers');
    const promises = require('node:timers/promises');
    const { promisify } = require('util');
    const waits = {
      'setTimeout': ms => new Promise(resolve => setTimeout(resolve, ms)),
      'timers.setTimeout': ms => new Promise(resolve => timers.setTimeout(resolve, ms)),
      'promisify(setTimeout)': ms => promisify(setTimeout)(ms),
      'timers/promises.setTimeout': ms => promises.setTimeout(ms),
      'scheduler.wait': ms => promises.scheduler.wait(ms),
      'setInterval': ms => new Promise(resolve => { const timer = setInterval(() => { clearInterval(timer); resolve(); }, ms); }),
      'timers/promises.setInterval': async ms => { for await (const _ of promises.setInterval(ms)) return; },
      'AbortSignal.timeout': ms => new Promise((resolve, reject) => { const signal = AbortSignal.timeout(ms);
        signal.addEventListener('abort', () => signal.reason.name === 'TimeoutError' ? resolve() : reject(signal.reason)); setTimeout(() => {}, 2 * ms); }),
    };
    const clocks = { 'Date.now': () => Date.now(), 'new Date': () => new Date().getTime(), 'performance.now': () => performance.now(),
      'Date()': () => Date.parse(Date()), 'timeOrigin': () => performance.timeOrigin + performance.now() };
    exports.handler = async () => {
      const elapsed = {};
      await Promise.all(Object.entries(waits).map(async ([wait, run]) => {
        const starts = Object.entries(clocks).map(([clock, now]) => [clock, now, now()]);
        await run(10_000);
        starts.forEach(([clock, now, start]) => { elapsed[wait + ' by ' + clock] = now() - start; });
      }));
      class Day extends Date {}
      return { elapsed, now: Date.now(), origin: performance.timeOrigin + performance.now(), fixed: new Date(0).toISOString(),
        is: [new Date() instanceof Date, new Day() instanceof Day, require('fs').statSync('/').mtime instanceof Date, typeof Date(), Date.name] };
    };
  `, { runtime });
  const { result, outcome } = await sandbox.lambda.invoke('fn', {});
  expect(outcome).toBe('ok');
  const { elapsed, now, origin, fixed, is } = result as {
    elapsed: Record<string, number>; now: number; origin: number; fixed: string; is: unknown[];
  };
  expect(Object.keys(elapsed)).toHaveLength(40);
  // Scaled twice it would be 200 and not at all 500,000. Date() has whole seconds only.
  expect(Object.entries(elapsed).filter(([, milliseconds]) => milliseconds < 8_500 || milliseconds > 60_000)).toEqual([]);
  expect(Math.abs(sandbox.clock.now() - now)).toBeLessThan(60_000);
  expect(Math.abs(origin - now)).toBeLessThan(20_000);
  expect(fixed).toBe('1970-01-01T00:00:00.000Z');
  expect(is).toEqual([true, true, true, 'string', 'Date']);
});

function isRunning(pid: string): boolean {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
}

/** The processes' ids, which the functions print first. */
function pids(): string[] {
  return sandbox.lambda.invocations.flatMap(({ logs }) => logs.slice(0, 1));
}
