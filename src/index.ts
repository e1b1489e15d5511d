export {
  CloudFrontInvalidationStage, type AddInvalidationOptions, type CloudFrontInvalidationStageProps,
} from './cloudfront-invalidation-stage';
export {
  CloudFrontInvalidationAction, type CloudFrontInvalidationActionProps, type CloudFrontInvalidationVariables,
} from './cloudfront-invalidation-action';
export { CloudFrontInvalidationStep, type CloudFrontInvalidationStepProps } from './cloudfront-invalidation-step';
export { CloudFrontInvalidationFunction, type CloudFrontInvalidationFunctionProps } from './cloudfront-invalidation-function';
export { CloudFrontInvalidationRole, type CloudFrontInvalidationRoleProps } from './cloudfront-invalidation-role';
export { InvalidationFailurePolicy, type CloudFrontInvalidationOptions } from './cloudfront-invalidation-options';
export { InvalidationPaths } from './invalidation-paths';
export { FreshnessCheck, type FreshnessCheckFilesOptions } from './freshness-check';
export { type SiteOptions } from './site-options';
export { MissingBaselineBehavior, type ChangedFilesOptions } from './changed-files-options';
