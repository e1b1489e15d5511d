import { additions, differences, unnamed, type Template } from './upgrade/differences';

const LOG_GROUP = { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: 'invalidation', RetentionInDays: 30 } };

function givenPipeline(...stages: [string, ...string[]][]): Template {
  const Stages = stages.map(([Name, ...actions]) => ({ Name, Actions: actions.map(action => ({ Name: action })) }));
  return { Resources: { Pipeline: { Type: 'AWS::CodePipeline::Pipeline', Properties: { Name: 'website', Stages } } } };
}

describe('what an upgrade does to what is deployed', () => {
  test('nothing, where nothing but what CloudFormation can change has changed', () => {
    const changed = { ...LOG_GROUP, Properties: { ...LOG_GROUP.Properties, RetentionInDays: 7 } };
    expect(differences({ Resources: { Log: LOG_GROUP } }, { Resources: { Log: changed } })).toEqual([]);
  });

  test('a resource without which the new template is, or whose logical id is another, is deleted', () => {
    const [before, after] = [{ Resources: { Log: LOG_GROUP } }, { Resources: { Log2: LOG_GROUP } }];
    expect(differences(before, after)).toEqual([{ resource: 'AWS::Logs::LogGroup Log', words: 'is deleted' }]);
    expect(additions(before, after)).toEqual(['AWS::Logs::LogGroup Log2']);
    expect(differences(before, {})).toHaveLength(1);
  });

  test.each([['another name', { LogGroupName: 'other' }, '"other"'], ['no name any more', { LogGroupName: undefined }, 'undefined']])('a resource with %s is replaced', (_, properties, now) => {
    const changed = { ...LOG_GROUP, Properties: { ...LOG_GROUP.Properties, ...properties } };
    expect(differences({ Resources: { Log: LOG_GROUP } }, { Resources: { Log: changed } }))
      .toEqual([{ resource: 'AWS::Logs::LogGroup Log', words: `is replaced: LogGroupName was "invalidation", and is ${now}` }]);
  });

  test('a resource of another type', () => {
    expect(differences({ Resources: { Log: LOG_GROUP } }, { Resources: { Log: { Type: 'AWS::IAM::Role' } } }).map(({ words }) => words)).toEqual(['becomes AWS::IAM::Role']);
  });

  test('a stage or an action of a pipeline that has another name now', () => {
    expect(differences(givenPipeline(['Deploy', 'S3'], ['Invalidate', 'Website']), givenPipeline(['Deploy', 'Bucket'], ['Refresh', 'Website'])).map(({ words }) => words))
      .toEqual(['no longer has the action Deploy.S3', 'no longer has the stage Invalidate', 'no longer has the action Invalidate.Website']);
    expect(differences(givenPipeline(['Deploy', 'S3']), givenPipeline(['Build', 'Build'], ['Deploy', 'S3']))).toEqual([]);
  });
});

test('the notes name a resource by its type and its id, or by patterns of them', () => {
  const found = [{ resource: 'AWS::Logs::LogGroup InvalidationLog1234', words: 'is deleted' }];
  expect(unnamed(found, '- `AWS::Logs::LogGroup *Log*`: CDK keeps the log elsewhere')).toEqual([]);
  expect(unnamed(found, '- `AWS::Logs::LogGroup Log*`: another')).toEqual(found);
  expect(unnamed(found, 'The `AWS::Logs::LogGroup *` is mentioned only')).toEqual(found);
});
