import * as fc from 'fast-check';
import { parseEvent } from '../../src/handler/event';

test('a first job', () => {
  expect(parseEvent({
    'CodePipeline.job': {
      id: '11111111-abcd-1111-abcd-111111abcdef',
      accountId: '111111111111',
      data: {
        actionConfiguration: { configuration: { FunctionName: 'f', UserParameters: '{}' } },
        inputArtifacts: [],
        outputArtifacts: [],
        artifactCredentials: { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' },
      },
    },
  })).toEqual({ id: '11111111-abcd-1111-abcd-111111abcdef', userParameters: '{}', continuationToken: undefined });
});

test('a continued job without parameters', () => {
  expect(parseEvent({
    'CodePipeline.job': { id: 'id', data: { actionConfiguration: { configuration: { FunctionName: 'f' } }, continuationToken: 'token' } },
  })).toEqual({ id: 'id', userParameters: undefined, continuationToken: 'token' });
});

test.each([
  [undefined], [null], [1], ['x'], [[]], [{}], [{ 'CodePipeline.job': null }], [{ 'CodePipeline.job': {} }], [{ 'CodePipeline.job': { id: 1 } }],
  [{ 'CodePipeline.job': { id: '' } }], [{ Records: [] }],
])('%j is no job: nobody to report to', event => {
  expect(() => parseEvent(event)).toThrow('The event is no CodePipeline job');
});

test('whatever else is missing or wrong in a job, there is someone to report to', () => {
  fc.assert(fc.property(fc.anything(), fc.anything(), fc.anything(), (data, configuration, userParameters) => {
    for (const job of [
      { id: 'id', data },
      { id: 'id', data: { actionConfiguration: configuration } },
      { id: 'id', data: { actionConfiguration: { configuration: { UserParameters: userParameters } }, continuationToken: userParameters } },
    ]) {
      expect(parseEvent({ 'CodePipeline.job': job }).id).toBe('id');
    }
  }));
});
