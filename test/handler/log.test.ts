import { log, logJob } from '../../src/handler/log';

test('a step is one line, whatever is in it', () => {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  log('WARN', 'a\nb', { path: '/x\r\n{"level":"ERROR"}\u2028' });
  const [[line]] = write.mock.calls;
  write.mockRestore();
  expect(String(line).match(/[\r\n]/g)).toEqual(['\n']);
  expect(JSON.parse(String(line))).toEqual({ timestamp: expect.any(String), level: 'WARN', message: 'a\nb', path: '/x\r\n{"level":"ERROR"}\u2028' });
});

test('every line names its job, and the one that a continuation began with', () => {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  logJob('second', 'first');
  log('INFO', 'a');
  const [[line]] = write.mock.calls;
  write.mockRestore();
  expect(JSON.parse(String(line))).toMatchObject({ jobId: 'second', firstJobId: 'first' });
});
