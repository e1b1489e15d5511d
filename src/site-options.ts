/**
 * Which URL shows which file of an artifact.
 */
export interface SiteOptions {
  /**
   * The folder of the artifact that is deployed. Files outside of it do not count.
   *
   * The action fails where the artifact has no file in it.
   *
   * @default - the whole artifact
   */
  readonly baseDirectory?: string;

  /**
   * The folder of the URL under which visitors see `baseDirectory`: `docs` for a site at `https://www.example.com/docs/`.
   *
   * This is the `objectKey` of an `S3DeployAction`, without the `originPath` of the distribution, which visitors never see: with an `objectKey`
   * of `releases/docs` and an `originPath` of `/releases`, it is `docs`.
   *
   * @default - the root of the site
   */
  readonly urlPath?: string;

  /**
   * Names of files that stand for their directory: visitors see `blog/index.html` as `/blog/index.html`, `/blog/` and `/blog`.
   *
   * @default ['index.html']
   */
  readonly indexDocuments?: string[];

  /**
   * Extensions that visitors leave out. With `.html`, they see `about.html` as `/about`, too.
   *
   * @default - none
   */
  readonly stripExtensions?: string[];
}
