/**
 * For mutation testing, which sees only its own process: functions run in that of the tests, from TypeScript and not from the bundle that
 * ships. A test at a time, so that what a test runs is known.
 */
jest.mock('child_process', () => ({
  ...jest.requireActual<typeof import('child_process')>('child_process'),
  spawn: (...[, args, options]: Parameters<typeof import('./function-process')['spawnInProcess']>) =>
    jest.requireActual<typeof import('./function-process')>('./function-process').spawnInProcess('node', args, options),
}));

process.env.TEST_TIME_SCALE = '40';
Object.assign(test, { concurrent: test });
