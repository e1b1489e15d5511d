import { Clock } from '../../sandbox';

let clock: Clock;

afterEach(() => clock.stop());

test('runs as fast as ours unless told otherwise', () => {
  clock = new Clock();
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(50);
});

test('runs faster by its scale', async () => {
  clock = new Clock(100);
  const [start, ourStart] = [clock.now(), Date.now()];
  await clock.sleep(5_000);
  expect(clock.now() - start).toBeGreaterThanOrEqual(4_500);
  expect(Date.now() - ourStart).toBeLessThan(1_000);
});

test('does what is due in order, and nothing that was cancelled', async () => {
  clock = new Clock(100);
  const done: string[] = [];
  clock.after(4_000, () => done.push('second'));
  clock.after(2_000, () => done.push('first'));
  clock.after(3_000, () => done.push('cancelled'))();
  await clock.sleep(6_000);
  expect(done).toEqual(['first', 'second']);
});

test('does nothing any more once it is stopped', async () => {
  clock = new Clock(100);
  const done: string[] = [];
  clock.after(1_000, () => done.push('before'));
  clock.stop();
  clock.after(1_000, () => done.push('after'));
  await new Promise(resolve => setTimeout(resolve, 50));
  expect(done).toEqual([]);
});
