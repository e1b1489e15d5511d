import { createServer } from 'http';
import type { AddressInfo } from 'net';
import { ListActionExecutionsCommand } from '@aws-sdk/client-codepipeline';
import { Sandbox, type ActionExecution, type FaultKind, type Role } from '../../sandbox';
import { codePipeline } from '../../src/handler/codepipeline';
import { report, type Report } from '../../src/handler/report';
import { givenClients } from '../given-clients';

// One report in the tests' own process, where time passes only as long as the function pauses or a call hangs. Whole jobs are in faults.test.ts.
const SUMMARY = 'Invalidated 1 path.';
const EXTERNAL_ID = 'I2EXAMPLE';
const VARIABLES = { status: 'Completed', pathCount: '1' } as Extract<Report, { outcome: 'success' }>['variables'];

const SUCCESS: Report = { outcome: 'success', summary: SUMMARY, externalId: EXTERNAL_ID, variables: VARIABLES };
const CONTINUE: Report = { outcome: 'continue', summary: 'Waiting.', externalId: EXTERNAL_ID, percentComplete: 40, token: 'a-token' };
const FAILURE: Report = { outcome: 'failure', type: 'PermissionError', message: 'Not allowed.', externalId: EXTERNAL_ID };

const TROUBLE: FaultKind = { error: 'InternalFailure', status: 500 };
const DENIAL: FaultKind = { error: 'AccessDeniedException', status: 400, message: 'Not authorized.' };

const TRYING_AGAIN = 'CodePipeline cannot accept the report now: trying again';
const NO_LONGER_WANTED = 'CodePipeline already has an answer to this job, or no longer waits for one';

/** What a call may take, in milliseconds. */
const CALL = 5_000;

/** Of our own time, in nanoseconds: a report takes some milliseconds of it. */
const STUCK_AFTER = 5_000_000_000n;

let sandbox: Sandbox;
let role: Role;
let action: ActionExecution;
let start: number;
/** How many calls have got half of an answer, and wait for the rest. */
let stalled = 0;
const write = jest.spyOn(process.stdout, 'write');

beforeAll(async () => {
  write.mockReturnValue(true);
  jest.useFakeTimers({
    doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'setInterval', 'clearInterval', 'queueMicrotask', 'hrtime', 'performance'],
  });
  sandbox = await Sandbox.start();
  // The test itself is the function that answers.
  jest.spyOn(sandbox.lambda, 'invokeAsync').mockResolvedValue();
  role = givenClients(sandbox);
});

afterAll(async () => {
  await sandbox.stop();
  jest.useRealTimers();
});

beforeEach(() => {
  // The longest pauses: a quarter of a second, and twice as long each time.
  jest.spyOn(Math, 'random').mockReturnValue(0);
  role.statements.splice(0, Infinity, { Effect: 'Allow', Action: 'codepipeline:*', Resource: '*' });
  sandbox.codePipeline.delivery.secondAnswer = 'InvalidJobStateException';
  sandbox.requests.splice(0);
  stalled = 0;
  action = sandbox.codePipeline.startAction({ functionName: 'function' });
  start = Date.now();
});

const lines = () => write.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
const pauses = () => lines().filter(({ message }) => message === TRYING_AGAIN).map(({ pause }) => Number(pause));
const operations = () => sandbox.requests.map(({ operation }) => operation);
/** When each request came, in milliseconds. */
const times = () => sandbox.requests.map(({ at }) => at - start);

const removals: (() => void)[] = [];
afterEach(() => removals.splice(0).forEach(remove => remove()));

function givenFault(operation: 'PutJobSuccessResult' | 'PutJobFailureResult', fault: FaultKind, count = 1): void {
  const { remove } = sandbox.faults.add({ service: 'codepipeline', operation, fault, times: count });
  removals.push(remove);
}

/** Lets happen what has nothing to do with time. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise(resolve => setImmediate(resolve));
  }
}

/** Reports, and lets the time pass for which the function pauses, or for which a call has no answer. Returns the error, if any. */
async function reporting(answer: Report, milliseconds = 60_000): Promise<Error | undefined> {
  let outcome: { readonly error?: Error } | undefined;
  report(action.jobs[0], answer, Date.now() + milliseconds).then(() => outcome = {}, (error: Error) => outcome = { error });
  let [passedPauses, passedHangs] = [0, 0];
  const hangs = () => stalled + sandbox.requests.filter(({ errorCode }) => errorCode === 'hang').length;
  for (const stuck = process.hrtime.bigint() + STUCK_AFTER; outcome === undefined; await turns(1)) {
    if (process.hrtime.bigint() > stuck) {
      throw new Error('the report does not end');
    }
    if (pauses().length > passedPauses) {
      passedHangs = hangs();
      jest.advanceTimersByTime(Math.ceil(pauses()[passedPauses++]) - 1);
      // What comes before the pause is over has another time.
      await turns(10);
      jest.advanceTimersByTime(1);
    } else if (hangs() > passedHangs) {
      jest.advanceTimersToNextTimer();
    }
  }
  return outcome.error;
}

describe('a report', () => {
  test('of a success ends the action with its summary, its ID and its variables', async () => {
    expect(await reporting(SUCCESS)).toBeUndefined();
    expect(action).toMatchObject({ status: 'Succeeded', summary: SUMMARY, externalExecutionId: EXTERNAL_ID, outputVariables: VARIABLES });
    expect(sandbox.requests).toMatchObject([{ operation: 'PutJobSuccessResult' }]);
    expect(sandbox.requests[0].input).toEqual({
      jobId: action.jobs[0],
      executionDetails: { summary: SUMMARY, externalExecutionId: EXTERNAL_ID, percentComplete: 100 },
      outputVariables: VARIABLES,
    });
  });

  test.each([0, 40])('of %i percent lets the action go on, and has the token for the next job', async percentComplete => {
    expect(await reporting({ ...CONTINUE, percentComplete })).toBeUndefined();
    expect(action).toMatchObject({ status: 'InProgress', summary: 'Waiting.', percentComplete, outputVariables: {} });
    expect(sandbox.requests).toMatchObject([{ operation: 'PutJobSuccessResult' }]);
    expect(sandbox.requests[0].input).toEqual({
      jobId: action.jobs[0],
      executionDetails: { summary: 'Waiting.', externalExecutionId: EXTERNAL_ID, percentComplete },
      continuationToken: 'a-token',
    });
  });

  test('of a failure ends the action with its type and its message', async () => {
    expect(await reporting(FAILURE)).toBeUndefined();
    expect(action).toMatchObject({ status: 'Failed', errorDetails: { code: 'PermissionError', message: 'Not allowed.' } });
    expect(sandbox.requests).toMatchObject([{ operation: 'PutJobFailureResult' }]);
    expect(sandbox.requests[0].input).toEqual({
      jobId: action.jobs[0], failureDetails: { type: 'PermissionError', message: 'Not allowed.', externalExecutionId: EXTERNAL_ID },
    });
  });

  test.each([SUCCESS, CONTINUE, FAILURE])('names no ID where there is none: $outcome', async answer => {
    expect(await reporting({ ...answer, externalId: undefined })).toBeUndefined();
    expect(sandbox.requests[0].input).not.toHaveProperty(['executionDetails', 'externalExecutionId']);
    expect(sandbox.requests[0].input).not.toHaveProperty(['failureDetails', 'externalExecutionId']);
  });

  test.each<[string, number, string[], (text: string) => Report]>([
    ['the summary of a success', 2_048, ['executionDetails', 'summary'], summary => ({ ...SUCCESS, summary })],
    ['the summary of a continuation', 2_048, ['executionDetails', 'summary'], summary => ({ ...CONTINUE, summary })],
    ['the message of a failure', 5_000, ['failureDetails', 'message'], message => ({ ...FAILURE, message })],
    ['the ID of a success', 1_500, ['executionDetails', 'externalExecutionId'], externalId => ({ ...SUCCESS, externalId })],
    ['the ID of a continuation', 1_500, ['executionDetails', 'externalExecutionId'], externalId => ({ ...CONTINUE, externalId })],
    ['the ID of a failure', 1_500, ['failureDetails', 'externalExecutionId'], externalId => ({ ...FAILURE, externalId })],
  ])('is whole as far as the API takes it, and cut beyond: %s, at %i', async (_, length, path, withText) => {
    expect(await reporting(withText('x'.repeat(length)))).toBeUndefined();
    action = sandbox.codePipeline.startAction({ functionName: 'function' });
    expect(await reporting(withText('x'.repeat(length + 1)))).toBeUndefined();
    expect(sandbox.requests).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(sandbox.requests[0].input).toHaveProperty(path, 'x'.repeat(length));
    expect(sandbox.requests[1].input).toHaveProperty(path, `${'x'.repeat(length - 1)}…`);
  });

  test.each([SUCCESS, CONTINUE])('of $outcome has a line in the log, with all that it says', async answer => {
    await reporting(answer);
    expect(lines()).toEqual([{ timestamp: expect.any(String), level: 'INFO', message: 'Reported to CodePipeline', ...answer }]);
  });

  test('of a failure has a line in the log that is an error, with the message as its reason', async () => {
    await reporting(FAILURE);
    expect(lines()).toEqual([{
      timestamp: expect.any(String),
      level: 'ERROR',
      message: 'Reported to CodePipeline',
      outcome: 'failure',
      type: 'PermissionError',
      reason: 'Not allowed.',
      externalId: EXTERNAL_ID,
    }]);
  });
});

describe('a report that CodePipeline does not take', () => {
  test.each<[string, FaultKind, number[]]>([
    ['throttled', { throttle: true }, [0, 250, 750]],
    ['500', TROUBLE, [0, 250, 750]],
    ['a clock that is wrong', { error: 'RequestInTheFuture', status: 403 }, [0, 250, 750]],
    ['a reset', { reset: 'before' }, [0, 250, 750]],
    ['a hang', { hang: 'before' }, [0, CALL + 250, 2 * CALL + 750]],
  ])('is given again after a pause: %s', async (_, fault, expected) => {
    givenFault('PutJobSuccessResult', fault, 2);
    expect(await reporting(SUCCESS)).toBeUndefined();
    expect(times()).toEqual(expected);
    expect(action.status).toBe('Succeeded');
    expect(pauses()).toEqual([250, 500]);
    expect(lines().map(({ level }) => level)).toEqual(['WARN', 'WARN', 'INFO']);
    expect(lines()[0].reason).toEqual(expect.any(String));
  });

  test('is given again if it is a failure, too', async () => {
    givenFault('PutJobFailureResult', TROUBLE, 2);
    expect(await reporting(FAILURE)).toBeUndefined();
    expect(times()).toEqual([0, 250, 750]);
    expect(action).toMatchObject({ status: 'Failed', errorDetails: { code: 'PermissionError' } });
  });

  test('is given again for as long as there is time, after pauses of at most four seconds', async () => {
    givenFault('PutJobSuccessResult', TROUBLE, 10);
    expect(await reporting(SUCCESS)).toBeUndefined();
    expect(pauses()).toEqual([250, 500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000]);
    expect(times().at(-1)).toBe(27_750);
    expect(action.status).toBe('Succeeded');
  });

  test.each([
    [0, 1], [0.5, 0.75], [1, 0.5],
  ])('is given again after a pause that chance makes shorter: %d makes it %d of the longest', async (chance, share) => {
    jest.mocked(Math.random).mockReturnValue(chance);
    givenFault('PutJobSuccessResult', TROUBLE, 3);
    expect(await reporting(SUCCESS)).toBeUndefined();
    expect(pauses()).toEqual([250 * share, 500 * share, 1_000 * share]);
  });

  test.each([
    [499, 1], [500, 2], [999, 2], [1_000, 3], [1_999, 3], [2_000, 4],
  ])('is an error if no time is left for a pause and a call: with %i milliseconds, after call %i', async (milliseconds, calls) => {
    givenFault('PutJobSuccessResult', TROUBLE, Infinity);
    const error = await reporting(SUCCESS, milliseconds);
    expect(error).toMatchObject({
      name: 'Error',
      message: `Could not report job ${action.jobs[0]} to CodePipeline as success: InternalFailure: InternalFailure (sandbox).`,
      cause: expect.objectContaining({ name: 'InternalFailure' }),
    });
    expect(sandbox.requests).toHaveLength(calls);
    expect(action.status).toBe('InProgress');
  });

  test.each([SUCCESS, FAILURE])('is not waited for longer than there is time, and its connection is closed: $outcome', async answer => {
    givenFault(answer.outcome === 'failure' ? 'PutJobFailureResult' : 'PutJobSuccessResult', { hang: 'before' });
    const error = await reporting(answer, 4_000);
    expect(error?.message).toBe(`Could not report job ${action.jobs[0]} to CodePipeline as ${answer.outcome}: Error: no response within 4 seconds.`);
    expect(Date.now() - start).toBe(4_000);
    expect(sandbox.requests).toHaveLength(1);
    for (const end = process.hrtime.bigint() + STUCK_AFTER; sandbox.codePipeline.connections > 0 && process.hrtime.bigint() < end;) {
      await turns(1);
    }
    expect(sandbox.codePipeline.connections).toBe(0);
  });

  test('is given again if half of an answer comes, and then nothing', async () => {
    const server = createServer((_, response) => {
      stalled++;
      response.writeHead(200, { 'content-length': 100 });
      response.write('{');
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    codePipeline.middlewareStack.add(next => args => {
      Object.assign(args.request as object, stalled === 0 ? { port } : {});
      return next(args);
    }, { step: 'finalizeRequest', priority: 'low', name: 'onceToAnotherServer' });
    expect(await reporting(SUCCESS)).toBeUndefined();
    codePipeline.middlewareStack.remove('onceToAnotherServer');
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    expect(stalled).toBe(1);
    expect(times()).toEqual([CALL + 250]);
    expect(action.status).toBe('Succeeded');
  });

  test.each([0, -1_000])('is not given if %i milliseconds are left, and that is an error', async milliseconds => {
    const error = await reporting(SUCCESS, milliseconds);
    expect(error?.message).toBe(`Could not report job ${action.jobs[0]} to CodePipeline as success: Error: no time was left for the call.`);
    expect(operations()).toEqual([]);
  });

  test.each<[string, FaultKind]>([
    ['500', TROUBLE], ['a hang', { hang: 'before' }], ['a clock that is wrong', { error: 'RequestInTheFuture', status: 403 }],
  ])('is an error that does not blame the role: %s', async (_, fault) => {
    givenFault('PutJobSuccessResult', fault, Infinity);
    const error = await reporting(SUCCESS, 30_000);
    expect(error?.message).toMatch(/^Could not report job \S+ to CodePipeline as success: /);
    expect(error?.message).not.toContain('role');
    expect(action.status).toBe('InProgress');
  });
});

describe('a report that CodePipeline has taken, although its answer was lost', () => {
  const LOST: [string, FaultKind][] = [
    ['a reset', { reset: 'after' }],
    ['a hang', { hang: 'after' }],
    ['a body that ends half-way', { truncate: true }],
    ['a body that is no JSON', { malformed: true }],
  ];

  test.each(LOST)('is given again, and that is no error: %s', async (_, fault) => {
    givenFault('PutJobSuccessResult', fault);
    expect(await reporting(SUCCESS)).toBeUndefined();
    expect(action.status).toBe('Succeeded');
    expect(action.reports.map(({ refused }) => refused)).toEqual([undefined, 'InvalidJobStateException']);
  });

  test.each(['InvalidJobStateException', 'JobNotFoundException'] as const)('is given again once only: %s', async secondAnswer => {
    sandbox.codePipeline.delivery.secondAnswer = secondAnswer;
    givenFault('PutJobFailureResult', { reset: 'after' });
    expect(await reporting(FAILURE)).toBeUndefined();
    expect(operations()).toEqual(['PutJobFailureResult', 'PutJobFailureResult']);
    expect(action).toMatchObject({ status: 'Failed', errorDetails: { code: 'PermissionError' } });
    expect(lines().at(-1)).toMatchObject({
      level: 'WARN', message: NO_LONGER_WANTED, reason: expect.stringMatching(new RegExp(`^${secondAnswer}: .`)),
    });
  });

  test('stays what it is, even if CodePipeline says that the second one is invalid', async () => {
    sandbox.codePipeline.delivery.secondAnswer = 'ValidationException';
    givenFault('PutJobSuccessResult', { reset: 'after' });
    expect((await reporting(SUCCESS))?.message).toMatch(/^Could not report job \S+ to CodePipeline as failure: ValidationException/);
    expect(action.status).toBe('Succeeded');
  });
});

test.each(['InvalidJobStateException', 'JobNotFoundException'])('a job that CodePipeline no longer waits for is left alone: %s', async error => {
  givenFault('PutJobSuccessResult', { error, status: 400 }, Infinity);
  expect(await reporting(SUCCESS)).toBeUndefined();
  expect(operations()).toEqual(['PutJobSuccessResult']);
  expect(lines()).toMatchObject([{ level: 'WARN', message: NO_LONGER_WANTED }]);
});

test('a job whose action was abandoned is left alone', async () => {
  sandbox.codePipeline.abandon(action);
  expect(await reporting(SUCCESS)).toBeUndefined();
  expect(operations()).toEqual(['PutJobSuccessResult']);
  expect(action.status).toBe('Abandoned');
});

describe('a report that is refused', () => {
  const ATTEMPTS = [0, 250, 750, 1_750, 3_750, 7_750, 11_750, 15_750];

  test('seven times is given an eighth time, since a new permission takes effect after some seconds', async () => {
    givenFault('PutJobSuccessResult', DENIAL, 7);
    expect(await reporting(SUCCESS)).toBeUndefined();
    expect(times()).toEqual(ATTEMPTS);
    expect(action.status).toBe('Succeeded');
  });

  test('eight times is an error that says what to check', async () => {
    role.statements.splice(0);
    const error = await reporting(SUCCESS);
    expect(error).toMatchObject({
      message: `Could not report job ${action.jobs[0]} to CodePipeline as success: AccessDeniedException: ` +
        'User: arn:aws:sts::123456789012:assumed-role/function/session is not authorized to perform: codepipeline:PutJobSuccessResult ' +
        'because no identity-based policy allows the codepipeline:PutJobSuccessResult action. ' +
        'Check that the function\'s role allows codepipeline:PutJobSuccessResult and codepipeline:PutJobFailureResult.',
      cause: expect.objectContaining({ name: 'AccessDeniedException' }),
    });
    expect(times()).toEqual(ATTEMPTS);
    expect(action.status).toBe('InProgress');
  });

  test('for another reason than a permission is an error that does not blame the role', async () => {
    givenFault('PutJobFailureResult', { error: 'UnknownOperationException', status: 400, message: 'What?' }, Infinity);
    const error = await reporting(FAILURE);
    expect(error?.message).toBe(`Could not report job ${action.jobs[0]} to CodePipeline as failure: UnknownOperationException: What?.`);
    expect(times()).toEqual(ATTEMPTS);
  });

  test('after much other trouble is given again, too', async () => {
    givenFault('PutJobSuccessResult', TROUBLE, 9);
    givenFault('PutJobSuccessResult', DENIAL, 2);
    expect(await reporting(SUCCESS)).toBeUndefined();
    expect(action.status).toBe('Succeeded');
  });

  test('is given up earlier if no time is left', async () => {
    givenFault('PutJobSuccessResult', DENIAL, Infinity);
    expect((await reporting(SUCCESS, 1_000))?.message).toContain('AccessDeniedException');
    expect(times()).toEqual([0, 250, 750]);
  });
});

describe('a report that is invalid', () => {
  const INVALID: FaultKind = { error: 'ValidationException', status: 400, message: 'too long' };

  test.each([SUCCESS, CONTINUE])('fails the action instead of leaving it without an answer: $outcome', async answer => {
    givenFault('PutJobSuccessResult', INVALID, Infinity);
    expect(await reporting(answer)).toBeUndefined();
    expect(operations()).toEqual(['PutJobSuccessResult', 'PutJobFailureResult']);
    expect(times()).toEqual([0, 0]);
    expect(action).toMatchObject({
      status: 'Failed',
      externalExecutionId: EXTERNAL_ID,
      errorDetails: {
        code: 'JobFailed',
        message: `CodePipeline rejected the report of this job as invalid (${answer.outcome}): ValidationException: too long. ` +
          'This is a bug in the function.',
      },
    });
    expect(lines()).toMatchObject([{ level: 'ERROR', message: 'Reported to CodePipeline', outcome: 'failure' }]);
  });

  test('fails the action as soon as CodePipeline takes that, within the time of the first report', async () => {
    givenFault('PutJobSuccessResult', INVALID);
    givenFault('PutJobFailureResult', TROUBLE, 2);
    expect(await reporting(SUCCESS, 1_000)).toBeUndefined();
    expect(times()).toEqual([0, 0, 250, 750]);
    expect(action.status).toBe('Failed');
  });

  test('although it is a failure is an error, in the end', async () => {
    givenFault('PutJobFailureResult', INVALID, Infinity);
    expect((await reporting(FAILURE))?.message)
      .toBe(`Could not report job ${action.jobs[0]} to CodePipeline as failure: ValidationException: too long.`);
    expect(sandbox.requests).toHaveLength(8);
    expect(action.status).toBe('InProgress');
  });
});

describe('the client', () => {
  const LIST = new ListActionExecutionsCommand({ pipelineName: 'Website' });

  test('leaves it to its callers to try again', async () => {
    const { remove } = sandbox.faults.add({ service: 'codepipeline', operation: 'ListActionExecutions', fault: { throttle: true }, times: Infinity });
    await expect(codePipeline.send(LIST)).rejects.toMatchObject({ name: 'ThrottlingException' });
    remove();
    expect(operations()).toEqual(['ListActionExecutions']);
  });

  test('gives up a call without an answer by itself, after half of the time that callers allow at most', async () => {
    const { remove } = sandbox.faults.add({ service: 'codepipeline', operation: 'ListActionExecutions', fault: { hang: 'before' } });
    let error: Error | undefined;
    codePipeline.send(LIST).catch((thrown: Error) => error = thrown);
    for (const end = process.hrtime.bigint() + STUCK_AFTER; sandbox.requests[0]?.errorCode === undefined && process.hrtime.bigint() < end;) {
      await turns(1);
    }
    remove();
    jest.advanceTimersByTime(CALL - 1);
    await turns(10);
    expect(error).toBeUndefined();
    jest.advanceTimersByTime(1);
    await turns(10);
    expect(error).toMatchObject({ name: 'TimeoutError' });
  });
});
