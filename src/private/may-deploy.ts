/** What approves, tests or fetches changes nothing that visitors see. */
const CATEGORIES_WITHOUT_DEPLOYMENT = ['Source', 'Test', 'Approval'];

/**
 * Whether an action may deploy: by its category, of which one that is not known may be any.
 *
 * An invalidation of this library is of the category Invoke, and does not: whoever asks has to know it.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-pipeline-structure.html
 */
export function mayDeploy({ category }: { readonly category: unknown }): boolean {
  return typeof category !== 'string' || !CATEGORIES_WITHOUT_DEPLOYMENT.includes(category);
}
