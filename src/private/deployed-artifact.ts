import type { IConstruct } from 'constructs';
import { quote } from '../contract';
import type { KnownAction } from './known-actions';
import { mayDeploy } from './may-deploy';

/** Where CDK Pipelines itself adds actions: one updates the pipeline, the others publish assets. Those that deploy stacks are CloudFormation's. */
const STAGES_OF_CDK_PIPELINES = /^(UpdatePipeline|Assets(\.\d+)?)$/;

/** The actions of a pipeline, and who takes an artifact. */
export interface Taken {
  readonly pipeline: IConstruct;
  readonly artifactName: string;
  /** Whether CDK Pipelines has added the actions. */
  readonly isCdkPipeline: boolean;
  readonly actions: readonly KnownAction[];
  /** The actions that take the artifact and may deploy it. */
  readonly taking: readonly KnownAction[];
}

/** What is wrong with an artifact if no action takes it that could copy its files to a website. */
export function infrastructureProblem({ artifactName, isCdkPipeline, taking }: Taken): string | undefined {
  return taking.length === 0 || !taking.every(action => isInfrastructure(action, isCdkPipeline)) ? undefined :
    `changedFiles must use an artifact that an action of the pipeline deploys, got ${quote(artifactName)}: only actions that deploy stacks or update the pipeline take it ` +
    `(${namesOf(taking)}). Pass the artifact that the action takes which copies the site (in CDK Pipelines, the FileSet that is the input of its ShellStep), or name in deployedBy ` +
    'the action that deploys this one. If a stack deploys the site, use InvalidationPaths.all().';
}

/**
 * What is most likely wrong with an artifact: an action takes it and makes another one of it, and that is what a later action deploys. There
 * is no doubt if a Deploy action takes the artifact itself.
 */
export function sourceDoubt({ pipeline, artifactName, isCdkPipeline, actions, taking }: Taken): string | undefined {
  if (taking.some(action => action.category === 'Deploy' && !isInfrastructure(action, isCdkPipeline))) {
    return undefined;
  }
  const takers = actions.filter(action => mayDeploy(pipeline, action) && action.category !== 'Invoke' && !isInfrastructure(action, isCdkPipeline));
  const derived = taking.flatMap(maker => maker.outputs.filter(output => output !== artifactName)
    .flatMap(output => takers.filter(({ inputs }) => inputs.includes(output)).map(taker => ({ maker, output, taker }))));
  const likeliest = derived.find(({ taker }) => taker.category === 'Deploy') ?? derived.at(0);
  if (likeliest === undefined) {
    return undefined;
  }
  const [maker, output, taker] = [likeliest.maker.name, likeliest.output, likeliest.taker.name].map(quote);
  return `changedFiles compares the files of ${quote(artifactName)}, but ${maker} takes it and outputs ${output}, which ${taker} takes. If ${taker} deploys the site, old pages stay ` +
    `in the cache. Pass ${output} to changedFiles (in CDK Pipelines, its FileSet to changedFilesOf), or name in deployedBy the actions that deploy ${quote(artifactName)} itself.`;
}

/** Whether an action deploys stacks, updates the pipeline or publishes assets, and so copies no files to a website. */
function isInfrastructure({ stageName, provider }: KnownAction, isCdkPipeline: boolean): boolean {
  return provider.startsWith('CloudFormation') || (isCdkPipeline && STAGES_OF_CDK_PIPELINES.test(stageName));
}

function namesOf(actions: readonly KnownAction[]): string {
  return actions.map(({ name }) => quote(name)).join(', ');
}
