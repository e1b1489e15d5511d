import { execFileSync } from 'child_process';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { CodeBuildAction, LambdaInvokeAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { median } from './cold-start';
import { CloudFrontInvalidationStage } from '../src';
import { givenPipeline } from '../test/given';

export const COUNTS = [1, 20, 50];
const RUNS = 9;

export interface Synthesis {
  readonly name: string;
  /** For each of COUNTS: resources beyond those of the app without it, and milliseconds of the whole app, the median. */
  readonly of: readonly { readonly resources: number; readonly milliseconds: number }[];
}

type Add = (stack: Stack, pipeline: codepipeline.Pipeline, distributions: cloudfront.IDistribution[]) => void;

const VARIANTS: readonly { readonly name: string; readonly add: Add }[] = [
  { name: 'without', add: () => {} },
  { name: 'this library', add: thisLibrary },
  { name: 'a function by hand and LambdaInvokeAction for each', add: byHand },
  { name: 'the CodeBuild recipe for each', add: byCodeBuild },
];

function thisLibrary(stack: Stack, pipeline: codepipeline.Pipeline, [distribution, ...others]: cloudfront.IDistribution[]): void {
  const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution });
  others.forEach(each => stage.addInvalidation({ distribution: each }));
}

function byHand(stack: Stack, pipeline: codepipeline.Pipeline, distributions: cloudfront.IDistribution[]): void {
  const actions = distributions.map((distribution, index) => {
    const handler = new lambda.Function(stack, `Function${index}`, {
      runtime: lambda.Runtime.PYTHON_3_13, handler: 'boto3_function.handler', code: lambda.Code.fromAsset(join(__dirname, 'functions')),
    });
    distribution.grantCreateInvalidation(handler);
    return new LambdaInvokeAction({ actionName: `Invalidate${index}`, lambda: handler, userParameters: { distributionId: distribution.distributionId } });
  });
  pipeline.addStage({ stageName: 'Invalidate', actions });
}

/** https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_codepipeline_actions-readme.html#invalidating-the-cloudfront-cache-when-deploying-to-s3 */
function byCodeBuild(stack: Stack, pipeline: codepipeline.Pipeline, distributions: cloudfront.IDistribution[]): void {
  const actions = distributions.map(({ distributionId }, index) => {
    const project = new codebuild.PipelineProject(stack, `InvalidateProject${index}`, {
      buildSpec: codebuild.BuildSpec.fromObject({
        version: '0.2',
        phases: { build: { commands: ['aws cloudfront create-invalidation --distribution-id ${CLOUDFRONT_ID} --paths "/*"'] } },
      }),
      environmentVariables: { CLOUDFRONT_ID: { value: distributionId } },
    });
    project.addToRolePolicy(new iam.PolicyStatement({
      actions: ['cloudfront:CreateInvalidation'], resources: [`arn:aws:cloudfront::${stack.account}:distribution/${distributionId}`],
    }));
    return new CodeBuildAction({ actionName: `Invalidate${index}`, project, input: codepipeline.Artifact.artifact('site') });
  });
  pipeline.addStage({ stageName: 'Invalidate', actions });
}

function synthesize(add: Add, count: number): { readonly resources: number; readonly milliseconds: number } {
  const start = performance.now();
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Website');
  const pipeline = givenPipeline(stack, { crossAccountKeys: false });
  add(stack, pipeline, Array.from({ length: count }, (_, index) => cloudfront.Distribution.fromDistributionAttributes(stack, `Distribution${index}`, {
    distributionId: `E2EXAMPLE${index}`, domainName: 'www.example.com',
  })));
  const { Resources } = app.synth().getStackByName('Website').template as { Resources: object };
  return { resources: Object.keys(Resources).length, milliseconds: performance.now() - start };
}

export function measureSynthesis(): Synthesis[] {
  const samples = VARIANTS.map(() => COUNTS.map((): { resources: number; milliseconds: number }[] => []));
  for (let run = 0; run <= RUNS; run++) {
    VARIANTS.forEach(({ add }, variant) => COUNTS.forEach((count, index) => {
      const sample = synthesize(add, count);
      // The first run of each compiles the code.
      if (run > 0) {
        samples[variant][index].push(sample);
      }
    }));
  }
  const [without, ...others] = VARIANTS.map(({ name }, variant) => ({
    name,
    of: samples[variant].map(each => ({ resources: each[0].resources, milliseconds: median(each.map(({ milliseconds }) => milliseconds)) })),
  }));
  return others.map(({ name, of }) => ({
    name, of: of.map(({ resources, milliseconds }, index) => ({ resources: resources - without.of[index].resources, milliseconds })),
  }));
}

/** Milliseconds that `import`ing the package adds to an app that has the CDK modules which it needs, and those of that app. */
export function measureImport(): { readonly own: number; readonly cdk: number } {
  const modules = ['/aws-cloudfront', '/aws-codepipeline', '/aws-codepipeline-actions', '/aws-iam', '/aws-lambda', '/aws-logs', '/pipelines']
    .map(module => `aws-cdk-lib${module}`);
  const script = `const start = performance.now();
    require('aws-cdk-lib').Stack;
    // CDK loads a class when it is first asked for.
    for (const module of ${JSON.stringify(modules)}) { Object.values(require(module)); }
    const cdk = performance.now(); Object.values(require(${JSON.stringify(join(__dirname, '..', 'lib'))}));
    console.log(JSON.stringify({ own: performance.now() - cdk, cdk: cdk - start }))`;
  const samples = Array.from({ length: 7 }, () =>
    JSON.parse(execFileSync(process.execPath, ['-e', script], { cwd: join(__dirname, '..'), encoding: 'utf8' })) as { own: number; cdk: number });
  return { own: median(samples.map(({ own }) => own)), cdk: median(samples.map(({ cdk }) => cdk)) };
}
