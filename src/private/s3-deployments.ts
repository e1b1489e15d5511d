import type { CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import type { IConstruct } from 'constructs';
import { isObject, quote, type ChangedFilesSite } from '../contract';
import { configOf, listIn } from './distribution-config';
import type { KnownAction, WrittenAction } from './known-actions';
import { isLiteral } from './refuse';
import { warn } from './warnings';

/**
 * What is wrong if no action deploys the files of an artifact, because all of them copy the archive.
 *
 * @param deployers the actions that deploy the artifact
 */
export function archiveProblem(artifactName: string, deployers: readonly WrittenAction[]): string | undefined {
  const archive = deployers.find(copiesArchive);
  if (archive === undefined || !deployers.every(copiesArchive)) {
    return undefined;
  }
  const { ObjectKey: key } = archive.configuration;
  return `changedFiles must use an artifact whose files are deployed, got ${quote(artifactName)}, of which ${quote(archive.name)} copies only the archive (extract: false): ` +
    'set extract to true, name in deployedBy the action that deploys the files, or invalidate what is copied, with ' +
    `InvalidationPaths.of(${typeof key === 'string' ? quote(`/${folderOf(key)}`) : ''})`;
}

/**
 * Warns if an action deploys to a folder of the bucket, visitors see that folder, and nothing says so.
 *
 * @param scope the construct to warn about
 * @param distribution the distribution, if it is in this app
 * @param deployers the actions that deploy the artifact
 */
export function warnAboutFolders(
  scope: IConstruct, distribution: CfnDistribution | undefined, { urlPath }: ChangedFilesSite,
  artifactName: string, deployers: readonly WrittenAction[],
): void {
  const originPaths = distribution === undefined ? [] : originPathsOf(distribution);
  for (const { name, configuration } of urlPath === undefined ? deployers.filter(action => isS3Deployment(action) && !copiesArchive(action)) : []) {
    const key = typeof configuration.ObjectKey === 'string' && isLiteral(configuration.ObjectKey) ? folderOf(configuration.ObjectKey) : '';
    const folder = folderSeen(key, originPaths);
    if (folder !== '') {
      warn(scope, 'objectKey', `changedFiles invalidates '/index.html' and not ${quote(`/${folder}/index.html`)}, because ${quote(name)} copies the files of ${quote(artifactName)} to the ` +
        `folder ${quote(key)} (objectKey). Set urlPath to the folder where visitors see them, such as ${quote(folder)}, or to '' if the distribution's origin has the originPath ${quote(`/${key}`)}.`);
    }
  }
}

/** A folder without slashes around it. */
export function folderOf(path = ''): string {
  return path.replace(/^\/+|\/+$/g, '');
}

export function isS3Deployment({ category, provider }: KnownAction): boolean {
  return category === 'Deploy' && provider === 'S3';
}

export function copiesArchive(action: WrittenAction): boolean {
  return isS3Deployment(action) && String(action.configuration.Extract) === 'false';
}

/** The origin paths of a distribution. One that is not known, or that each tenant sets, is `undefined`. */
function originPathsOf(distribution: CfnDistribution): (string | undefined)[] {
  return listIn(configOf(distribution), 'origins').map(origin => {
    const path = isObject(origin) ? origin.originPath ?? '' : undefined;
    return typeof path === 'string' && !path.includes('{{') ? folderOf(path) : undefined;
  });
}

/** The folder where visitors see a folder of the bucket, if no origin begins there. */
function folderSeen(key: string, originPaths: readonly (string | undefined)[]): string {
  if (originPaths.includes(undefined) || originPaths.includes(key)) {
    return '';
  }
  const origin = originPaths.find(path => path !== undefined && path !== '' && key.startsWith(`${path}/`));
  return origin === undefined ? key : key.slice(origin.length + 1);
}
