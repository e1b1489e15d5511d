import { Annotations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Warnings about what is legal but most likely wrong. The README lists each and says how to acknowledge it. */
export const WARNINGS = [
  'cacheTagsInChina', 'defaultRootObject', 'deployedArtifact', 'errorDocuments', 'functionWithoutEgress', 'objectKey', 'otherFiles', 'partitionWithoutCloudFront', 'queryStrings',
  'runOrder', 'stageOrder',
] as const;

/** Warns at synthesis, with the ID for `Annotations.of(construct).acknowledgeWarning()`. */
export function warn(construct: IConstruct, warning: typeof WARNINGS[number], message: string): void {
  Annotations.of(construct).addWarningV2(warningId(warning), message);
}

export function warningId(warning: typeof WARNINGS[number]): string {
  return `cdk-cloudfront-invalidation-stage:${warning}`;
}
