import { LoggingFormat } from 'aws-cdk-lib/aws-lambda';
import type { FaultKind } from '../../sandbox';
import { givenWorld, stopWorlds, until } from '../given-sandbox';

// What Lambda does with the process of a function. `npx projen judge:runtime` runs these tests with AWS's own client in that process, too.
afterAll(stopWorlds);

const FAULTS: readonly FaultKind[] = [
  { reset: 'before' }, { reset: 'after' }, { error: 'InternalError', status: 500 }, { throttle: true }, { truncate: true }, { malformed: true },
];

test('a hundred events in one process, frozen in between: each job gets its answer, and nothing of one reaches another', async () => {
  const { sandbox, distribution, functionName, runAction } = await givenWorld();
  distribution.settings.completesAfter = 0;
  for (let event = 0; event < 100; event++) {
    const operation = ['CreateInvalidation', 'GetInvalidation'][event % 2];
    const isNoJob = event % 10 === 3;
    const isWrong = event % 10 === 7;
    if (event % 5 === 4) {
      sandbox.faults.add({ service: 'cloudfront', operation, fault: FAULTS[Math.floor(event / 5) % FAULTS.length] });
    }
    if (event % 4 === 0) {
      // While the process is frozen: it finds its connections dead.
      [sandbox.cloudFront, sandbox.codePipeline].forEach(service => service.closeConnections());
    }
    if (isNoJob) {
      expect(await sandbox.lambda.invoke(functionName, { event })).toMatchObject({ outcome: 'error' });
    } else {
      const action = await runAction({ paths: isWrong ? ['wrong'] : [`/${event}`] });
      expect(action).toMatchObject({ status: isWrong ? 'Failed' : 'Succeeded' });
      await until(() => sandbox.lambda.invocations.every(({ outcome }) => outcome !== undefined));
    }
  }
  expect(sandbox.lambda.processes).toBe(1);
  expect(distribution.invalidations.map(({ paths }) => paths.join()))
    .toEqual(Array.from({ length: 100 }, (_, event) => event).filter(event => ![3, 7].includes(event % 10)).map(event => `/${event}`));
  // Nothing piles up: a job needs no more memory than the first ones did.
  const [early, late] = [20, 99].map(event => sandbox.lambda.invocations[event].usageAfter?.memory ?? 0);
  expect(late - early).toBeLessThan(20);
}, 120_000);

test('each call is traced with the event that it is made for', async () => {
  const { sandbox, distribution, runStage } = await givenWorld();
  distribution.settings.completesAfter = 0;
  await runStage();
  await until(() => sandbox.lambda.invocations[0].outcome !== undefined);
  await runStage();
  const traces = sandbox.lambda.invocations.map(({ traceId }) => traceId);
  expect(new Set(traces).size).toBe(2);
  // A call that takes longer than its time, since others are at work, is made again.
  const calls = new Set(sandbox.requests.map(({ operation, traceId }) => `${operation} ${traceId}`));
  expect([...calls]).toEqual(traces.flatMap(trace => ['CreateInvalidation', 'GetInvalidation', 'PutJobSuccessResult'].map(operation => `${operation} ${trace}`)));
});

test.each([LoggingFormat.TEXT, LoggingFormat.JSON])('a log in the format %s has the same lines of ours, each JSON', async loggingFormat => {
  const { sandbox, functionName, runAction, logs } = await givenWorld({ loggingFormat });
  await runAction('{"failurePolicy":"WARN","paths":["wrong"]}');
  await until(() => sandbox.lambda.invocations[0].outcome !== undefined);
  const { logs: [ofClient, ...others] } = await sandbox.lambda.invoke(functionName, {});
  expect(logs().slice(0, 2)).toMatchObject(['Job received', 'Reported to CodePipeline'].map(message => ({ timestamp: expect.any(String), level: 'INFO', message })));
  expect(others).toEqual([]);
  if (loggingFormat === LoggingFormat.JSON) {
    expect(JSON.parse(ofClient)).toMatchObject({ level: 'ERROR', message: { errorMessage: expect.stringContaining('The event is not a CodePipeline job') } });
  } else {
    expect(ofClient).toMatch(/\tERROR\tInvoke Error \t\{"errorType":"Error","errorMessage":"The event is not a CodePipeline job/);
  }
});

test('nothing is asked of AWS before there is an event', async () => {
  const { sandbox, functionName } = await givenWorld();
  await sandbox.lambda.invoke(functionName, {});
  expect([sandbox.requests.length, sandbox.cloudFront.connections, sandbox.codePipeline.connections]).toEqual([0, 0, 0]);
});
