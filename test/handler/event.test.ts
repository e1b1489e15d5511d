import * as fc from 'fast-check';
import { parseEvent, parseObject } from '../../src/handler/event';

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

test('the first input artifact of a job', () => {
  const artifact = { name: 'Site', revision: '1', location: { type: 'S3', s3Location: { bucketName: 'b', objectKey: 'k.zip' } } };
  expect(artifactOf([artifact, { ...artifact, name: 'Other' }])).toEqual({ name: 'Site', location: { bucket: 'b', key: 'k.zip' } });
});

test.each([
  [undefined], [{}], [[]], [['x']], [[{ name: 'Site' }]], [[{ name: 'Site', location: null }]], [[{ name: 'Site', location: {} }]],
  [[{ name: 1, location: { s3Location: { bucketName: 'b', objectKey: 'k' } } }]],
  [[{ name: 'Site', location: { s3Location: { bucketName: 1, objectKey: 'k' } } }]],
  [[{ name: 'Site', location: { s3Location: { bucketName: 'b' } } }]],
  [[{ location: { s3Location: { bucketName: 'b', objectKey: 'k' } } }]],
])('no artifact in %j', inputArtifacts => {
  expect(artifactOf(inputArtifacts)).toBeUndefined();
});

function artifactOf(inputArtifacts: unknown) {
  return parseEvent({ 'CodePipeline.job': { id: 'id', data: { inputArtifacts } } }).artifact;
}

test.each([
  [undefined, undefined], [null, undefined], ['', ''], ['{}', '{}'], [0, '0'], [{ paths: ['/a'] }, '{"paths":["/a"]}'],
])('user parameters that are %j are read as %j', (UserParameters, text) => {
  expect(parseEvent({ 'CodePipeline.job': { id: 'id', data: { actionConfiguration: { configuration: { UserParameters } } } } }).userParameters).toBe(text);
});

test.each([
  ['{"a":1}', { a: 1 }], ['[]', undefined], ['null', undefined], ['1', undefined], ['{', undefined],
])('%s as an object', (text, object) => {
  expect(parseObject(text)).toEqual(object);
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
  expect(() => parseEvent(event)).toThrow('The event is not a CodePipeline job: expected an object with a "CodePipeline.job" that has an ID. ' +
    'Invoke this function from a CodePipeline action with category Invoke, owner AWS and provider Lambda.');
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
