import { isDeepStrictEqual } from 'util';
import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';

export interface Template {
  readonly Resources?: Readonly<Record<string, Resource>>;
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

interface Stage {
  readonly Name: string;
  readonly Actions?: readonly { readonly Name: string }[];
}

/** What an upgrade does to a resource that is deployed. */
export interface Difference {
  /** Type and logical id. */
  readonly resource: string;
  readonly words: string;
}

/** What CloudFormation deletes or replaces, and which stages and actions of a pipeline are gone, where one template follows another. */
export function differences(before: Template, after: Template): Difference[] {
  return Object.entries(before.Resources ?? {}).flatMap(([id, resource]) =>
    wordsOf(resource, after.Resources?.[id]).map(words => ({ resource: `${resource.Type} ${id}`, words })));
}

/** The logical ids that an upgrade adds. */
export function additions(before: Template, after: Template): string[] {
  return Object.entries(after.Resources ?? {}).filter(([id]) => before.Resources?.[id] === undefined).map(([id, { Type }]) => `${Type} ${id}`);
}

function wordsOf(before: Resource, after: Resource | undefined): string[] {
  if (after === undefined) {
    return ['is deleted'];
  }
  if (after.Type !== before.Type) {
    return [`becomes ${after.Type}`];
  }
  const replaced = replacingProperties(before.Type).filter(name => !isDeepStrictEqual(before.Properties?.[name], after.Properties?.[name]))
    .map(name => `is replaced: ${name} was ${JSON.stringify(before.Properties?.[name])}, and is ${JSON.stringify(after.Properties?.[name])}`);
  const actions = new Set(actionsOf(after));
  return [...replaced, ...actionsOf(before).filter(action => !actions.has(action)).map(action => `no longer has ${action}`)];
}

function actionsOf({ Type, Properties }: Resource): string[] {
  const stages = Type === 'AWS::CodePipeline::Pipeline' ? Properties?.Stages as readonly Stage[] : [];
  return stages.flatMap(({ Name, Actions = [] }) => [`the stage ${Name}`, ...Actions.map(action => `the action ${Name}.${action.Name}`)]);
}

const specification = loadAwsServiceSpecSync();

/** The properties that AWS cannot change: those for which it says so, and those for which it may. */
function replacingProperties(type: string): string[] {
  return specification.lookup('resource', 'cloudFormationType', 'equals', type).flatMap(({ properties }) =>
    Object.entries(properties).filter(([, { causesReplacement = 'no' }]) => causesReplacement !== 'no').map(([name]) => name));
}

/** The differences that no note names: a note is a line of a list that begins with a resource in code, with `*` for any characters. */
export function unnamed(found: readonly Difference[], notes: string): Difference[] {
  const patterns = [...notes.matchAll(/^- `(AWS::[^`]+)`/gm)].map(([, pattern]) => pattern).map(pattern =>
    new RegExp(`^${pattern.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`));
  return found.filter(({ resource }) => !patterns.some(pattern => pattern.test(resource)));
}
