export { CloudFrontInvalidationStage, type CloudFrontInvalidationStageProps, type CloudFrontStageInvalidationOptions } from './cloudfront-invalidation-stage';
export { CloudFrontInvalidationAction, type CloudFrontInvalidationActionProps, type CloudFrontInvalidationVariables } from './cloudfront-invalidation-action';
export { CloudFrontInvalidationStep, type CloudFrontInvalidationStepProps } from './cloudfront-invalidation-step';
export { CloudFrontInvalidationFunction, type CloudFrontInvalidationFunctionProps } from './cloudfront-invalidation-function';
export { CloudFrontInvalidationRole, type CloudFrontInvalidationRoleProps } from './cloudfront-invalidation-role';
export { type CloudFrontInvalidationOptions } from './cloudfront-invalidation-options';
export { InvalidationPaths } from './invalidation-paths';
export { InvalidationFailurePolicy } from './invalidation-failure-policy';
