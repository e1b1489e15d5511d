import codePipeline from '../../models/codepipeline.json';
import { problemsOf, type ApiModel } from '../../sandbox/model';

const JOB = { jobId: '11111111-abcd-1111-abcd-111111abcdef' };
const SUCCESS = 'PutJobSuccessResult';
const FAILURE = 'PutJobFailureResult';

function problems(operation: string, input: unknown): string[] {
  return problemsOf(codePipeline as ApiModel, operation, input);
}

describe('takes', () => {
  test.each<[string, string, object]>([
    ['what is required', SUCCESS, {}],
    ['a token of 2,048 characters', SUCCESS, { continuationToken: 'x'.repeat(2_048) }],
    ['a summary of 2,048 characters', SUCCESS, { executionDetails: { summary: 'x'.repeat(2_048) } }],
    ['an external id of 1,500 characters', SUCCESS, { executionDetails: { externalExecutionId: 'x'.repeat(1_500) } }],
    ['0 per cent', SUCCESS, { executionDetails: { percentComplete: 0 } }],
    ['100 per cent', SUCCESS, { executionDetails: { percentComplete: 100 } }],
    ['variables with all characters of a key', SUCCESS, { outputVariables: { 'aZ9@-_': '' } }],
    ['a message of 5,000 characters', FAILURE, { failureDetails: { type: 'JobFailed', message: 'x'.repeat(5_000) } }],
  ])('%s', (_, operation, input) => {
    expect(problems(operation, { ...JOB, ...input })).toEqual([]);
  });
});

describe('refuses, in the words of AWS', () => {
  test.each<[string, string, object, string]>([
    ['a job without an id', SUCCESS, { jobId: undefined }, "Value null at 'jobId' failed to satisfy constraint: Member must not be null"],
    ['an empty token', SUCCESS, { continuationToken: '' }, "Value '' at 'continuationToken' failed to satisfy constraint: Member must have length greater than or equal to 1"],
    ['a longer token', SUCCESS, { continuationToken: 'x'.repeat(2_049) }, 'Member must have length less than or equal to 2048'],
    ['a longer external id', SUCCESS, { executionDetails: { externalExecutionId: 'x'.repeat(1_501) } }, 'Member must have length less than or equal to 1500'],
    ['less than nothing', SUCCESS, { executionDetails: { percentComplete: -1 } }, "Value '-1' at 'executionDetails.percentComplete' failed to satisfy constraint: Member must have value greater than or equal to 0"],
    ['more than everything', SUCCESS, { executionDetails: { percentComplete: 101 } }, 'Member must have value less than or equal to 100'],
    ['half a per cent', SUCCESS, { executionDetails: { percentComplete: 0.5 } }, 'Member must be an integer'],
    ['a job id with more behind it', SUCCESS, { jobId: `${JOB.jobId}0` }, 'Member must satisfy regular expression pattern: '],
    ['a key with a dot', SUCCESS, { outputVariables: { 'a.b': 'c' } }, 'Member must satisfy regular expression pattern: [A-Za-z0-9@\\-_]+'],
    ['a variable that is a number', SUCCESS, { outputVariables: { a: 1 } }, "Value '1' at 'outputVariables.a' failed to satisfy constraint: Member must be a string"],
    ['a type that there is not', FAILURE, { failureDetails: { type: 'Broken', message: 'x' } }, 'Member must satisfy enum value set: [JobFailed, '],
    ['a failure without a reason', FAILURE, {}, "Value null at 'failureDetails' failed to satisfy constraint: Member must not be null"],
    ['a longer message', FAILURE, { failureDetails: { type: 'JobFailed', message: 'x'.repeat(5_001) } }, 'Member must have length less than or equal to 5000'],
  ])('%s', (_, operation, input, problem) => {
    expect(problems(operation, { ...JOB, ...input })).toEqual([expect.stringContaining(problem)]);
  });
});

test.each([
  [SUCCESS, { ...JOB, continuationTokn: 'x' }, "Unknown member 'continuationTokn'"],
  [SUCCESS, { ...JOB, executionDetails: { toString: 'x' } }, "Unknown member 'executionDetails.toString'"],
  ['PutJobResult', JOB, "Unknown operation 'PutJobResult'"],
])('refuses what AWS would ignore, so that a typo does not pass: %s %j', (operation, input, problem) => {
  expect(problems(operation, input)).toEqual([problem]);
});
