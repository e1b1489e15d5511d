import { Token } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type * as pipelines from 'aws-cdk-lib/pipelines';
import type { ChangedFilesOptions } from './changed-files-options';
import { ALL_PATHS, changedFilesProblem, manifestProblem, pathProblem, pathsProblem, quote, type PathSource } from './contract';
import { isLiteral, isProblem, refuse, variableProblem } from './private/refuse';

/**
 * What an invalidation removes from the cache.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
 *
 * @example
 * InvalidationPaths.of('/index.html', '/blog/*');
 */
export class InvalidationPaths {
  /**
   * Everything in the cache: `/*`.
   *
   * CloudFront counts and bills it as one path.
   */
  public static all(): InvalidationPaths {
    return new InvalidationPaths([ALL_PATHS]);
  }

  /**
   * The specified paths and cache tags, without duplicates.
   *
   * A path starts with `/`, is case-sensitive, has at most 4,000 characters once URL-encoded, and may have `*` as its last
   * character. You may write non-ASCII and unsafe characters as they are or URL-encoded. `/dir/*` matches everything below the directory;
   * `/dir*` also matches siblings with the same prefix; `/file*` also matches the file with any query string.
   *
   * A cache tag is `#` followed by 1 to 256 visible ASCII characters other than `,` and `*`.
   *
   * A path may contain tokens and pipeline variables, such as `/releases/#{variables.release}/*`. The function checks their values when the
   * action runs.
   *
   * @param paths one or more paths or tags. All parameters of the action together must fit into 1,000 characters.
   * @throws Error if a path or tag is one that CloudFront would reject
   */
  public static of(...paths: string[]): InvalidationPaths {
    const problem = Token.isUnresolved(paths) ? undefined : pathsProblem(paths) ?? paths.filter(isLiteral).map(pathProblem).find(isProblem);
    refuse(problem);
    return new InvalidationPaths(Token.isUnresolved(paths) ? paths : [...new Set(paths)]);
  }

  /**
   * The paths and cache tags that a file in an artifact lists, such as a file that a build writes.
   *
   * The file is UTF-8 text of at most 1 MiB: one path or tag per line, or a JSON array of strings. Blank lines and comments are ignored; a
   * comment starts with `#` and a space. The file may list at most 10,000 paths and tags, at most 1,500 of them with a wildcard. The
   * function checks each when the action runs.
   *
   * @param manifest a file in an artifact: `artifact.atPath('invalidation.txt')`
   * The function knows this file only, not what earlier executions deployed. The file must list everything that differs from what visitors may
   * have, not just what one commit changed: an earlier execution may have failed after its deployment, and a rollback reverts what a later one
   * changed. `changedFiles` finds all of that in the pipeline's history.
   *
   * @throws Error if the file name is invalid
   */
  public static fromManifest(manifest: codepipeline.ArtifactPath): InvalidationPaths {
    const { artifact, fileName } = manifest;
    refuse(isLiteral(fileName) ? manifestProblem(fileName) : undefined);
    return new InvalidationPaths({ manifest: fileName }, artifact);
  }

  /**
   * Like `fromManifest`, for a file in a CDK Pipelines `FileSet`.
   *
   * @param fileSet an output of a step, or a step, which stands for its primary output
   * @param fileName the file's path in the `FileSet`, such as `invalidation.txt`
   * @throws Error if the step has no primary output, or if the file name is invalid
   */
  public static fromManifestOf(fileSet: pipelines.IFileSetProducer, fileName: string): InvalidationPaths {
    refuse(isLiteral(fileName) ? manifestProblem(fileName) : undefined);
    return new InvalidationPaths({ manifest: fileName }, undefined, filesOf(fileSet));
  }

  /**
   * Only what this deployment changes: the files of the artifact that were modified, removed or added since this action last succeeded.
   *
   * The pipeline's own history shows what was deployed since then. The function reads only the lists of files in the ZIP archives. If it
   * cannot tell what the cache contains, it invalidates everything, and the action's summary says why: the first time, after a change to
   * these options, after a deploy action failed without an artifact, or if an artifact has expired. The same is true of a site with more
   * than 400 files per MB of the function's `memorySize`: 102,400 files by default.
   *
   * The action does not see what anything other than the pipeline's actions writes to the bucket or deletes from it.
   *
   * @param artifact the artifact that the deploy action deploys
   * @throws Error if an option is out of range; at synthesis, if no action in the pipeline may deploy the files of the artifact
   */
  public static changedFiles(artifact: codepipeline.Artifact, options: ChangedFilesOptions = {}): InvalidationPaths {
    refuse(changedFilesProblem(options) ?? variableProblem(options));
    return new InvalidationPaths({ changedFiles: options }, artifact);
  }

  /**
   * Like `changedFiles`, for a CDK Pipelines `FileSet`.
   *
   * @param fileSet the input of the step that deploys the website: an output of a step, or a step, which stands for its primary output
   * @throws Error if the step has no primary output, or if an option is out of range; at synthesis, if no step takes the `FileSet` that may
   * deploy it, as is the case for the cloud assembly
   */
  public static changedFilesOf(fileSet: pipelines.IFileSetProducer, options: ChangedFilesOptions = {}): InvalidationPaths {
    refuse(changedFilesProblem(options) ?? variableProblem(options));
    return new InvalidationPaths({ changedFiles: options }, undefined, filesOf(fileSet));
  }

  /**
   * The paths as part of a job's parameters, without what only the pipeline knows.
   *
   * @internal
   */
  public readonly _source: PathSource<ChangedFilesOptions>;

  /**
   * The input artifact that the action needs.
   *
   * @internal
   */
  public readonly _artifact?: codepipeline.Artifact;

  /**
   * The `FileSet` that becomes that input in CDK Pipelines.
   *
   * @internal
   */
  public readonly _fileSet?: pipelines.FileSet;

  private constructor(source: PathSource<ChangedFilesOptions>, artifact?: codepipeline.Artifact, fileSet?: pipelines.FileSet) {
    this._source = source;
    this._artifact = artifact;
    this._fileSet = fileSet;
  }

  /**
   * The same paths with the artifact that the `FileSet` has become.
   *
   * @internal
   */
  public _inArtifact(artifact: codepipeline.Artifact): InvalidationPaths {
    return new InvalidationPaths(this._source, artifact);
  }
}

function filesOf(producer: pipelines.IFileSetProducer): pipelines.FileSet {
  const { primaryOutput } = producer;
  if (primaryOutput === undefined) {
    throw new Error(`fileSet must be a FileSet or a step with a primary output, got ${quote(String(producer))}: give the step a primaryOutputDirectory, or ` +
      'use what its addOutputDirectory() returns');
  }
  return primaryOutput;
}
