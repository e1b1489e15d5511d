/** What people combine: stacks, Regions, accounts, kinds of pipelines and of paths; and which of it can exist. */

export const KINDS = ['Pipeline', 'CfnPipeline', 'CfnInclude', 'CDK Pipelines'] as const;
export const PATHS = ['all', 'of', 'list', 'manifest', 'changedFiles', 'changedFiles of a named pipeline'] as const;
export const PARTS = ['function', 'pipeline', 'distribution', 'bucket', 'key'] as const;

/** Where the stacks are, and who made what. */
export const PLACES = [
  'anywhere', 'one Region', 'distribution in us-east-1', 'function in us-east-1', 'distribution of another account', 'id of another account',
  'id and role of another account', 'function of another account',
] as const;

export type Part = typeof PARTS[number];

export interface Combination {
  readonly kind: typeof KINDS[number];
  readonly paths: typeof PATHS[number];
  readonly place: typeof PLACES[number];
  /** The stack of each part, by a letter. */
  readonly stacks: Readonly<Record<Part, string>>;
}

/** Every combination that says something of its own. */
export function* combinations(): Generator<Combination> {
  for (const stacks of partitions()) {
    for (const kind of KINDS) {
      for (const paths of PATHS) {
        for (const place of PLACES) {
          const combination = { kind, paths, place, stacks };
          if (isMeant(combination)) {
            yield combination;
          }
        }
      }
    }
  }
}

export function nameOfCombination({ kind, paths, place, stacks }: Combination): string {
  return `${kind}, ${place}, ${PARTS.map(part => `${part} ${stacks[part]}`).join(' ')}, ${paths}`;
}

/** The reason why a combination cannot exist, as the error has it; nothing where it can. */
export function reasonAgainst(combination: Combination): RegExp | undefined {
  const { kind, paths, place } = combination;
  const isChangedFiles = paths.startsWith('changedFiles');
  switch (place) {
    case 'distribution of another account':
      return /distribution must have an ID that the pipeline knows: '.*' is in account 444455556666/;
    case 'id of another account':
      return /distributionRole must be specified, because distribution '.*' is in account 444455556666/;
    case 'function of another account':
      return /function must be in the pipeline's account 111122223333, but '.*' is in account 444455556666/;
    case 'function in us-east-1':
      return kind.startsWith('Cfn') ? /function must be in eu-west-1, the Region of the CfnPipeline/
        : isChangedFiles ? /function must be in the pipeline's Region for InvalidationPaths\.changedFiles/ : undefined;
    default:
      return reasonAgainstStacks(combination);
  }
}

/** Who refers to whom decides which stack is deployed first: there must be no circle. */
function reasonAgainstStacks({ kind, paths, stacks }: Combination): RegExp | undefined {
  const readsArtifacts = paths === 'manifest' || paths.startsWith('changedFiles');
  // A pipeline without a name cannot tell it: the function's stack refers to the pipeline's, instead of the other way round.
  const isTurned = paths === 'changedFiles' && stacks.function !== stacks.pipeline;
  const references: [Part, Part][] = [
    ['pipeline', 'distribution'], ['pipeline', 'bucket'], ['pipeline', 'key'], ['bucket', 'key'],
    ...(isTurned ? [['function', 'pipeline'], ['function', 'distribution'], ['function', 'bucket'], ['function', 'key']] as [Part, Part][]
      : [['pipeline', 'function']] as [Part, Part][]),
  ];
  const edges = references.map(([from, to]) => [stacks[from], stacks[to]]).filter(([from, to]) => from !== to);
  const reaches = (from: string, to: string, seen: readonly string[] = []): boolean => edges.some(([start, end]) =>
    start === from && (end === to || !seen.includes(end) && reaches(end, to, [...seen, end])));
  if (!Object.values(stacks).some(stack => reaches(stack, stack))) {
    return undefined;
  }
  const isOurs = isTurned && readsArtifacts && (stacks.distribution === stacks.function || kind === 'Pipeline' && [stacks.bucket, stacks.key].includes(stacks.function));
  return isOurs ? /pipelineName must be set for '.*', because the function is in another stack|cyclic reference/ : /cyclic reference/;
}

/** All ways to put five parts into at most three stacks. */
function* partitions(parts: readonly Part[] = PARTS, taken = 0): Generator<Record<Part, string>> {
  const [part, ...rest] = parts;
  if (part === undefined) {
    yield {} as Record<Part, string>;
    return;
  }
  for (let stack = 0; stack <= Math.min(taken, 2); stack++) {
    for (const others of partitions(rest, Math.max(taken, stack + 1))) {
      yield { ...others, [part]: 'ABC'[stack] };
    }
  }
}

function isMeant({ kind, paths, place, stacks }: Combination): boolean {
  const isAlone = (part: Part) => PARTS.every(other => other === part || stacks[other] !== stacks[part]);
  if (kind === 'CDK Pipelines' && !['all', 'of', 'list'].includes(paths)) {
    // It has no artifact with a website.
    return false;
  }
  const moved = place.startsWith('distribution') || place.startsWith('id') ? 'distribution' : place.startsWith('function') ? 'function' : undefined;
  if (moved === undefined) {
    return true;
  }
  // What is elsewhere has a stack of its own; all else in one or two says nothing new there but of the function.
  return isAlone(moved) && stacks.bucket === stacks.pipeline && stacks.key === stacks.pipeline;
}
