/**
 * Loaded before everything else: the clocks and timers of the process run in the sandbox's time, so that the unmodified bundle lives in it.
 * Only `process.hrtime` stays as it is: Node.js measures by it, too.
 */
'use strict';

const { syncBuiltinESMExports } = require('module');
const timers = require('timers');
const timersPromises = require('timers/promises');
const { promisify } = require('util');

const scale = Number(process.env.SANDBOX_TIME_SCALE);
const epoch = Number(process.env.SANDBOX_EPOCH);
delete process.env.SANDBOX_TIME_SCALE;
delete process.env.SANDBOX_EPOCH;

/** What Node.js refuses to wait for longer than, and then does not wait at all. */
const MAX_DELAY = 2 ** 31 - 1;

const realNow = Date.now.bind(Date);
const inSandbox = realTime => epoch + (realTime - epoch) * scale;
const sandboxNow = () => inSandbox(realNow());
const inRealTime = delay => delay > MAX_DELAY ? delay : delay / scale;

scaleDates();
scaleTimers();

function scaleDates() {
  const RealDate = Date;
  RealDate.now = () => Math.floor(sandboxNow());
  // A proxy, so that a date of Node.js itself is a Date here, too.
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [sandboxNow()] : args, newTarget === globalThis.Date ? target : newTarget),
    apply: () => new RealDate(sandboxNow()).toString(),
  });
  const realPerformanceNow = performance.now.bind(performance);
  const { timeOrigin } = performance;
  Object.defineProperties(performance, {
    now: { value: () => realPerformanceNow() * scale, configurable: true, writable: true },
    timeOrigin: { value: inSandbox(timeOrigin), configurable: true },
  });
}

function scaleTimers() {
  const { setTimeout, setInterval } = timers;
  const { setTimeout: sleep, setInterval: tick } = timersPromises;

  timersPromises.setTimeout = (delay, ...args) => sleep(inRealTime(delay), ...args);
  timersPromises.setInterval = (delay, ...args) => tick(inRealTime(delay), ...args);
  timersPromises.scheduler.wait = (delay, options) => timersPromises.setTimeout(delay, undefined, options);

  globalThis.setTimeout = timers.setTimeout = (callback, delay, ...args) => setTimeout(callback, inRealTime(delay), ...args);
  globalThis.setInterval = timers.setInterval = (callback, delay, ...args) => setInterval(callback, inRealTime(delay), ...args);
  Object.defineProperty(timers.setTimeout, promisify.custom, { enumerable: true, value: timersPromises.setTimeout });

  // Node's own one may or may not go through the timers above, depending on when it was loaded.
  AbortSignal.timeout = delay => {
    const controller = new AbortController();
    const abort = () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    setTimeout(abort, inRealTime(delay)).unref();
    return controller.signal;
  };
  syncBuiltinESMExports();
}
