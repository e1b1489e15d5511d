export { archiveOf } from './archive';
export { selfSignedCertificate, type Certificate } from './certificate';
export { Clock } from './clock';
export { CloudFront, Distribution, type DistributionSettings, type Invalidation, type InvalidationEvent } from './cloudfront';
export {
  ARTIFACT_CREDENTIALS, CodePipeline, type ActionEnd, type ActionExecution, type ActionRecord, type ActionType, type ArtifactLocation,
  type DeliverySettings, type HistorySettings, type PipelineContext, type RecordedAction, type Report, type StageExecution,
} from './codepipeline';
export { Edge, type EdgeOptions } from './edge';
export { EdgeFaults, type EdgeFault, type EdgeFaultKind } from './edge-faults';
export { CacheKeys, EdgeCache, type Cacheable, type CacheKeyOptions, type Copy, type EdgeCacheOptions, type Found } from './edge-cache';
export { Faults, type Fault, type FaultHandle, type FaultKind } from './faults';
export { Role, type Judgement, type Statement, type TrustStatement } from './iam';
export { Lambda, type Crash, type Invocation, type Permission } from './lambda';
export { type FunctionDefinition } from './lambda-process';
export { type RateLimitSettings } from './rate-limit';
export { Sandbox, type DeployedStack, type DeployOptions, type SandboxOptions } from './sandbox';
export { type ApiRequest } from './service';
export { S3 } from './s3';
export { Sts } from './sts';
export { DeployedTemplate, type DeployedResource } from './template';
