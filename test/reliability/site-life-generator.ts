/** Random lives of a site, small enough for a person to follow once they are shrunk. */
import * as fc from 'fast-check';
import { FIRST_SITE, type DeploymentFate, type Edits, type Execution, type Plan } from './site-life';
import { shapeOf, SHAPES, type Settings, type ShapeName } from './site-shapes';

/** Lives that the gate is about: a pipeline that nobody changes, and where little goes wrong. */
export const PLAIN = 'plain';

export const KINDS = [...Object.keys(SHAPES) as ShapeName[], PLAIN] as const;
export type Kind = typeof KINDS[number];

/** Of the plain pipeline, in percent. */
export const FAILING_BUILDS = 15;
export const FAILING_DEPLOYMENTS = 3;

/** Some more often than others, so that executions often change the same. */
const FILES = [...Object.keys(FIRST_SITE), 'index.html', 'about.html', 'about.html', 'blog/new.html', 'this & that.html', '404.html'];

/** The smaller value, to which lives are shrunk, is the harmless one. */
const percent = (share: number) => fc.integer({ min: 0, max: 99 }).map(value => value >= 100 - share);

function sometimes<Value>(share: number, arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: 100 - share, arbitrary: fc.constant(undefined) }, { weight: share, arbitrary });
}

/** Few versions, so that a file often comes back as it was before. */
const edits: fc.Arbitrary<Edits> = fc.array(fc.tuple(fc.constantFrom(...FILES), sometimes(25, fc.nat(1))), { maxLength: 3 })
  .map(changed => Object.fromEntries(changed));

const deployment: fc.Arbitrary<DeploymentFate> = fc.record({
  ends: fc.oneof(
    { weight: 8, arbitrary: fc.constant('well' as const) },
    {
      weight: 2,
      arbitrary: fc.constantFrom<DeploymentFate['ends'][]>(
        'before it wrote anything', 'half-way', 'after it wrote everything', 'abandoned half-way', 'abandoned, and goes on',
      ),
    },
  ),
  // In PARALLEL, a short one often has time to begin and end within a long one.
  takes: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 20, max: 60 })),
  isRetried: fc.boolean(),
  isFlaky: percent(30),
});

function changes(shape: ShapeName): fc.Arbitrary<Partial<Settings>> {
  const names = <Name extends keyof Settings>(name: Name, ...values: Settings[Name][]) =>
    fc.constantFrom(...values).map(value => ({ [name]: value }) as Partial<Settings>);
  const kinds = [
    names('artifact', 'site', 'build'),
    names('deployStage', 'Deploy', 'Publish'),
    names('deployAction', 'Deploy', 'Publish'),
    names('invalidationStage', 'Invalidate', 'Refresh'),
    names('invalidationAction', 'Invalidate', 'Refresh'),
    names('distribution', 0, 1),
    names('bucket', 'website', 'other'),
    names('listsDeployers', false, true),
    // The last is a typing error.
    names('options', {}, { maxPaths: 2 }, { exclude: ['assets/**'] }, { onMissingBaseline: 'FAIL' }, { baseDirectory: 'dits' }),
    ...(shapeOf(shape).deploysWith === 'S3' ? [] : [names('folder', '', 'dist')]),
  ];
  return fc.oneof({ weight: 85, arbitrary: fc.constant({}) }, { weight: 15, arbitrary: fc.oneof(...kinds) });
}

function executions(shape: ShapeName, mode: Plan['mode']): fc.Arbitrary<Execution[]> {
  return fc.array(fc.record({
    edits,
    changes: changes(shape),
    overlapsAfter: sometimes(mode === 'PARALLEL' ? 70 : 25, fc.integer({ min: 0, max: 20 })),
    rollsBack: sometimes(10, fc.record({ executions: fc.integer({ min: 1, max: 3 }), goesOn: fc.boolean() })),
    buildFails: percent(10),
    deployments: fc.array(deployment, { minLength: 1, maxLength: 2 }),
    stopsAfterDeployment: percent(10),
    invalidation: fc.oneof(
      { weight: 8, arbitrary: fc.constant('runs' as const) },
      {
        weight: 2,
        arbitrary: fc.constantFrom<Execution['invalidation'][]>(
          'does not wait', 'fails', 'fails, and is retried', 'fails with a warning', 'is abandoned once it has invalidated',
        ),
      },
    ),
    artifactsExpire: percent(3),
  }), { minLength: 2, maxLength: 8, size: 'max' });
}

function anyPlan(shape: ShapeName): fc.Arbitrary<Plan> {
  return fc.constantFrom<Plan['mode'][]>('SUPERSEDED', 'QUEUED', 'PARALLEL').chain(mode => fc.record({
    shape: fc.constant(shape),
    mode: fc.constant(mode),
    settings: fc.constant({}),
    visitors: fc.record({ cleanUrls: percent(20), queryStrings: percent(10), errorDocument: percent(10) }),
    listsVariables: fc.boolean(),
    executions: executions(shape, mode),
  }));
}

/** Ten deployments one after the other, each of which changes something. */
const plainPlan: fc.Arbitrary<Plan> = fc.array(
  fc.record({
    edits: fc.array(fc.tuple(fc.constantFrom(...FILES), fc.nat(9)), { minLength: 1, maxLength: 2 }).map(changed => Object.fromEntries(changed)),
    buildFails: percent(FAILING_BUILDS),
    ends: percent(FAILING_DEPLOYMENTS).map(fails => fails ? 'half-way' as const : 'well' as const),
  }),
  { minLength: 10, maxLength: 10 },
).map(each => ({
  shape: 's3',
  mode: 'SUPERSEDED',
  settings: {},
  visitors: { cleanUrls: false, queryStrings: false, errorDocument: false },
  listsVariables: true,
  executions: each.map(({ ends, ...fate }) => ({
    ...fate,
    changes: {},
    deployments: [{ ends, takes: 2, isRetried: false, isFlaky: false }],
    stopsAfterDeployment: false,
    invalidation: 'runs',
    artifactsExpire: false,
  })),
}));

export function plansOf(kind: Kind): fc.Arbitrary<Plan> {
  return kind === PLAIN ? plainPlan : anyPlan(kind);
}
