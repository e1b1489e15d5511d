/**
 * Lambda's side of a function, in a process of its own: loads the handler, and calls it for each event.
 *
 * With a time scale, the clocks and timers of the process run in the sandbox's time, so that the unmodified bundle lives in it.
 */
'use strict';

const { join } = require('path');
const timers = require('timers');
const timersPromises = require('timers/promises');

const scale = Number(process.env.SANDBOX_TIME_SCALE);
const epoch = Number(process.env.SANDBOX_EPOCH);
const handlerName = process.env._HANDLER;
const taskRoot = process.env.LAMBDA_TASK_ROOT;
delete process.env.SANDBOX_TIME_SCALE;
delete process.env.SANDBOX_EPOCH;

const realNow = Date.now.bind(Date);
const realSetTimeout = globalThis.setTimeout;
const sandboxNow = () => epoch + (realNow() - epoch) * scale;

if (scale !== 1) {
  scaleTime();
}

function scaleTime() {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length === 0 ? [sandboxNow()] : args));
    }

    static now() {
      return Math.round(sandboxNow());
    }
  };
  const scaled = real => Object.assign((callback, delay, ...args) => real(callback, (delay ?? 0) / scale, ...args), real);
  globalThis.setTimeout = timers.setTimeout = scaled(timers.setTimeout);
  globalThis.setInterval = timers.setInterval = scaled(timers.setInterval);
  const sleep = timersPromises.setTimeout;
  timersPromises.setTimeout = (delay, ...args) => sleep((delay ?? 0) / scale, ...args);
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  AbortSignal.timeout = delay => timeout(Math.max(1, Math.round(delay / scale)));
}

const [file, method] = handlerName.split('.');
const handler = require(join(taskRoot, file))[method];
if (typeof handler !== 'function') {
  throw new Error(`${handlerName} is undefined or not exported`);
}

process.on('message', async ({ event, requestId, functionArn, timeout }) => {
  const deadline = sandboxNow() + timeout;
  const context = {
    awsRequestId: requestId,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    invokedFunctionArn: functionArn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    getRemainingTimeInMillis: () => Math.max(0, Math.floor(deadline - sandboxNow())),
  };
  try {
    const result = await handler(event, context);
    process.send({ result });
  } catch (error) {
    process.send({ error: { type: error?.name ?? 'Error', message: String(error?.message ?? error) } });
  }
});

// Keeps the process for the next event.
realSetTimeout(() => {}, 2 ** 31 - 1);
process.send({ ready: true });
