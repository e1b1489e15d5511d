import * as fc from 'fast-check';
import { sessionNameOf } from '../../src/handler/role';

const JOB = '11111111-abcd-11ab-abcd-11111abcdef1';

test.each([
  ['website', `website-${JOB}`],
  ['a'.repeat(27), `${'a'.repeat(27)}-${JOB}`],
  ['a'.repeat(100), `${'a'.repeat(27)}-${JOB}`],
  ['a b/c', `a-b-c-${JOB}`],
  ['', `-${JOB}`],
])('the session of pipeline %j is %s', (pipelineName, sessionName) => {
  expect(sessionNameOf(pipelineName, JOB)).toBe(sessionName);
});

test('whatever the names, STS takes the session\'s', () => {
  fc.assert(fc.property(fc.string(), fc.string({ minLength: 1 }), (pipelineName, jobId) => {
    expect(sessionNameOf(pipelineName, jobId)).toMatch(/^[\w+=,.@-]{2,64}$/);
  }));
});
