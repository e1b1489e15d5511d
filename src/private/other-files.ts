import type { IConstruct } from 'constructs';
import { quote } from '../contract';
import type { WrittenAction } from './known-actions';
import { isInvalidation } from './may-deploy';
import { copiesArchive, folderOf, isS3Deployment } from './s3-deployments';
import { warn } from './warnings';

/** A pipeline's actions, those that deploy an artifact, and its name. */
interface Deployment {
  readonly pipeline: IConstruct;
  readonly artifactName: string;
  readonly actions: readonly WrittenAction[];
  readonly deployers: readonly WrittenAction[];
}

/** Warns if the website gets files that `changedFiles` does not compare, as far as the pipeline shows it. */
export function warnAboutOtherFiles(scope: IConstruct, deployment: Deployment): void {
  const problem = otherInputs(deployment) ?? otherArtifactInBucket(deployment) ?? archiveBeside(deployment);
  if (problem !== undefined) {
    warn(scope, 'otherFiles', problem);
  }
}

/** An action that takes more than the artifact may deploy more than that. Beside one that copies files to S3, it most likely tests them. */
function otherInputs({ artifactName, deployers }: Deployment): string | undefined {
  if (deployers.some(isS3Deployment)) {
    return undefined;
  }
  const othersOf = ({ inputs }: WrittenAction) => inputs.filter(input => input !== artifactName);
  const deployer = deployers.find(each => !each.provider.startsWith('CloudFormation') && each.inputs.includes(artifactName) && othersOf(each).length > 0);
  return deployer && `changedFiles compares the files of ${quote(artifactName)}, but ${quote(deployer.name)} also takes ${othersOf(deployer).map(quote).join(' and ')}. ` +
    'If it copies files of the others to the website, or makes pages with them, old pages stay in the cache. Have a build put all of it into one artifact, or use InvalidationPaths.all(). ' +
    'Acknowledge this warning if the others bring only what runs, such as a script.';
}

/** An invalidation of another artifact, or of everything, takes care of it. */
function otherArtifactInBucket({ pipeline, artifactName, actions, deployers }: Deployment): string | undefined {
  if (actions.some(({ name, inputs }) => isInvalidation(pipeline, name) && !inputs.includes(artifactName))) {
    return undefined;
  }
  const bucketOf = ({ configuration }: WrittenAction) => JSON.stringify(configuration.BucketName);
  const others = actions.filter(action => isS3Deployment(action) && !action.inputs.includes(artifactName));
  for (const deployer of deployers.filter(isS3Deployment)) {
    const other = others.find(each => bucketOf(each) === bucketOf(deployer));
    if (other !== undefined) {
      const artifact = other.inputs.map(quote).join();
      return `changedFiles compares the files of ${quote(artifactName)}, but ${quote(other.name)} copies ${artifact} to the same bucket as ${quote(deployer.name)}. ` +
        `If CloudFront serves it, old pages stay in the cache. Add an invalidation with the changed files of ${artifact}, or use InvalidationPaths.all().`;
    }
  }
  return undefined;
}

/** If all of them copy the archive, that is an error. */
function archiveBeside({ artifactName, deployers }: Deployment): string | undefined {
  const archive = deployers.every(copiesArchive) ? undefined : deployers.find(copiesArchive);
  const key = typeof archive?.configuration.ObjectKey === 'string' ? folderOf(archive.configuration.ObjectKey) : '';
  return archive && `changedFiles invalidates the files of ${quote(artifactName)}, but ${quote(archive.name)} copies the archive itself (extract: false). ` +
    `If CloudFront serves it, add an invalidation with InvalidationPaths.of(${key === '' ? '' : quote(`/${key}`)}).`;
}
