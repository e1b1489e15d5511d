/**
 * How the files of an artifact map to URLs.
 */
export interface SiteOptions {
  /**
   * The folder of the artifact that is deployed. Files outside it are ignored.
   *
   * The action fails if the artifact has no files in this folder.
   *
   * @default - the whole artifact
   */
  readonly baseDirectory?: string;

  /**
   * The URL folder where visitors see `baseDirectory`: `docs` for a site at `https://www.example.com/docs/`.
   *
   * This is the `objectKey` of the `S3DeployAction` without the distribution's `originPath`, which visitors never see. With the `objectKey`
   * `releases/docs` and the `originPath` `/releases`, it is `docs`. With `changedFiles`, synthesis warns about an
   * `objectKey` without a `urlPath`, unless a distribution in the app has that `originPath`. An empty text says that visitors see the root.
   *
   * @default - the root of the site
   */
  readonly urlPath?: string;

  /**
   * Names of files that are served for their directory: visitors see `blog/index.html` as `/blog/index.html`, `/blog/` and `/blog`. If the
   * distribution's default root object has another name, add it.
   *
   * @default ['index.html']
   */
  readonly indexDocuments?: string[];

  /**
   * File extensions that visitors can leave out. With `.html`, they see `about.html` also as `/about` and `/about/`. If a
   * name ends with several of them, each counts.
   *
   * @default - none
   */
  readonly stripExtensions?: string[];
}
