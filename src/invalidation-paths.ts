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
   * The given paths and cache tags, each once.
   *
   * A path starts with `/`, is case-sensitive, has at most 4,000 characters, and may have a `*` as its last character.
   * Non-ASCII and unsafe characters may be written as they are or URL-encoded. `/dir/*` is what is below the directory,
   * `/dir*` is also its siblings with the same beginning; `/file*` is the file with whatever query string.
   *
   * A cache tag starts with `#`, followed by at most 256 visible ASCII characters without a comma.
   *
   * A path may hold tokens and pipeline variables, such as `/releases/#{variables.release}/*`, whose values are
   * checked when the action runs.
   *
   * @param paths 1 or more paths or tags. All parameters of the action together must fit 1000 characters.
   * @throws Error for a path or a tag that CloudFront would refuse
   */
  public static of(...paths: string[]): InvalidationPaths {
    const problem = Token.isUnresolved(paths) ? undefined : pathsProblem(paths) ?? paths.filter(isLiteral).map(pathProblem).find(isProblem);
    refuse(problem);
    return new InvalidationPaths(Token.isUnresolved(paths) ? paths : [...new Set(paths)]);
  }

  /**
   * The paths and cache tags that a file of an artifact lists, such as one that a build writes.
   *
   * The file is text in UTF-8 of at most 1 MiB: one path or tag a line, where blank lines and lines that begin with `# ` do not count; or a
   * JSON array of strings. It lists at most 10,000, and each is checked when the action runs.
   *
   * @param manifest a file of an artifact: `artifact.atPath('invalidation.txt')`
   * @throws Error if the file's name cannot be one of a file in an artifact
   */
  public static fromManifest(manifest: codepipeline.ArtifactPath): InvalidationPaths {
    const { artifact, fileName } = manifest;
    refuse(isLiteral(fileName) ? manifestProblem(fileName) : undefined);
    return new InvalidationPaths({ manifest: fileName }, artifact);
  }

  /**
   * As `fromManifest`, for a file of a `FileSet` of CDK Pipelines.
   *
   * @param fileSet what a step puts out, or the step: the file is in its primary output then
   * @param fileName the file's path in there, such as `invalidation.txt`
   * @throws Error if the step puts out no files, or if the file's name cannot be one of a file in an artifact
   */
  public static fromManifestOf(fileSet: pipelines.IFileSetProducer, fileName: string): InvalidationPaths {
    refuse(isLiteral(fileName) ? manifestProblem(fileName) : undefined);
    return new InvalidationPaths({ manifest: fileName }, undefined, filesOf(fileSet));
  }

  /**
   * Only what this deployment changes: the files of the artifact that were modified, removed or added since this action last succeeded.
   *
   * The pipeline's own history tells what was deployed since; of the ZIP archives, only the lists of files are read. Where it is not known what
   * the cache may hold, everything is invalidated, and the action's summary says why: the first time, after these options were changed, when an
   * action that deploys has failed without an artifact, when an artifact has expired. So it is for a site of more than 400 files for each megabyte
   * of the function's `memorySize`, which is 102,400 by default.
   *
   * What something else than the pipeline's actions writes to the bucket, or deletes from it, is out of sight.
   *
   * @param artifact what the deploy action deploys
   * @throws Error if an option is out of its range; at synthesis if no action of the pipeline may deploy the artifact
   */
  public static changedFiles(artifact: codepipeline.Artifact, options: ChangedFilesOptions = {}): InvalidationPaths {
    refuse(changedFilesProblem(options) ?? variableProblem(options));
    return new InvalidationPaths({ changedFiles: options }, artifact);
  }

  /**
   * As `changedFiles`, for a `FileSet` of CDK Pipelines.
   *
   * @param fileSet what the step that deploys the website takes as its input: what a step puts out, or the step, whose primary output it is then
   * @throws Error if the step puts out no files, or if an option is out of its range
   */
  public static changedFilesOf(fileSet: pipelines.IFileSetProducer, options: ChangedFilesOptions = {}): InvalidationPaths {
    refuse(changedFilesProblem(options) ?? variableProblem(options));
    return new InvalidationPaths({ changedFiles: options }, undefined, filesOf(fileSet));
  }

  /**
   * What a job's parameters say of paths, without what only the pipeline knows.
   *
   * @internal
   */
  public readonly _source: PathSource<ChangedFilesOptions>;

  /**
   * What the action needs as its input.
   *
   * @internal
   */
  public readonly _artifact?: codepipeline.Artifact;

  /**
   * What becomes that input in CDK Pipelines.
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
   * The same paths, once it is known which artifact the `FileSet` is.
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
    throw new Error(`fileSet must be a FileSet or a step that puts one out, got ${quote(String(producer))}: give the step a primaryOutputDirectory, or ` +
      'take what its addOutputDirectory() returns');
  }
  return primaryOutput;
}
