import type { CloudFrontClient } from '@aws-sdk/client-cloudfront';
import type { CodePipelineClient } from '@aws-sdk/client-codepipeline';
import type { S3Client } from '@aws-sdk/client-s3';
import type { WebsiteOutputs } from '../integration/website-stack';

/** What a visitor got. */
export interface Visit {
  readonly status: number;
  readonly body: string;
  /** `X-Cache`. */
  readonly cache?: string;
  /** Seconds. */
  readonly age?: number;
}

/** What a function wrote, line by line. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Where observations are made: a real account, or the sandbox. The integration test's stack is deployed there, and its pipeline has run once. */
export interface World {
  readonly outputs: WebsiteOutputs;
  readonly cloudFront: CloudFrontClient;
  readonly codePipeline: CodePipelineClient;
  readonly s3: S3Client;
  /** Visits the mirror. */
  visit(path: string): Promise<Visit>;
  /** Writes a file of the site, without the pipeline. */
  publish(name: string, content: string): Promise<void>;
  /** Begins an execution of the pipeline, or a rollback of its stage Deploy, and gives its id. */
  start(): Promise<string>;
  rollBack(targetExecutionId: string): Promise<string>;
  /** Waits until an execution has ended. */
  ended(executionId: string): Promise<void>;
  /** The log of the function that has too little time, oldest first. */
  logs(): Promise<readonly LogLine[]>;
  /** Epoch milliseconds of the world. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** What was seen: short, and the same each time where AWS does the same. */
export type Seen = Readonly<Record<string, string | number | boolean>>;

export interface Observation {
  /** As docs/aws.md calls it. */
  readonly name: string;
  readonly observe: (world: World) => Promise<Seen>;
}

/** Makes the observations one after the other. One that cannot be made says why, and leaves the others be. */
export async function observeAll(observations: readonly Observation[], world: World): Promise<Record<string, Seen>> {
  const seen: Record<string, Seen> = {};
  for (const { name, observe } of observations) {
    seen[name] = await observe(world).catch((error: unknown) => ({ notSeen: String(error) }));
  }
  return seen;
}
