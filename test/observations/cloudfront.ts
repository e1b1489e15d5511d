import {
  CreateInvalidationCommand, GetInvalidationCommand, ListInvalidationsCommand, type CloudFrontClient, type Invalidation,
} from '@aws-sdk/client-cloudfront';
import type { Observation, Seen, World } from './world';

/** AWS says 25 seconds for 95 % of all invalidations. */
const LONGEST_WAIT = 600_000;

const words = (error: unknown) => error instanceof Error ? error.name : String(error);

/** Invalidates paths of the mirror. */
export async function create({ cloudFront, outputs }: World, paths: string[], callerReference: string = crypto.randomUUID()): Promise<Invalidation> {
  const batch = { CallerReference: callerReference, Paths: { Quantity: paths.length, Items: paths } };
  const command = new CreateInvalidationCommand({ DistributionId: outputs.MirrorId, InvalidationBatch: batch });
  const { Invalidation: invalidation } = await cloudFront.send(command);
  return invalidation!;
}

const get = async ({ cloudFront, outputs }: World, id: string | undefined) =>
  (await cloudFront.send(new GetInvalidationCommand({ DistributionId: outputs.MirrorId, Id: id }))).Invalidation!;

/** Waits until an invalidation is complete. */
export async function completed(world: World, id: string | undefined): Promise<Invalidation> {
  for (const until = world.now() + LONGEST_WAIT; world.now() < until; await world.sleep(1_000)) {
    try {
      const invalidation = await get(world, id);
      if (invalidation.Status?.toLowerCase() === 'completed') {
        return invalidation;
      }
    } catch (error) {
      if (words(error) !== 'NoSuchInvalidation') {
        throw error;
      }
    }
  }
  throw new Error(`The invalidation ${id} is not complete after ${LONGEST_WAIT / 60_000} minutes`);
}

/** What a second request with the caller reference of the first one gets. */
async function repeat(world: World, first: string[], second: string[]): Promise<Seen> {
  const callerReference = crypto.randomUUID();
  const { Id } = await create(world, first, callerReference);
  try {
    const again = await create(world, second, callerReference);
    return { answer: again.Id === Id ? 'the earlier invalidation' : 'another invalidation' };
  } catch (error) {
    return { answer: words(error) };
  }
}

/** What CloudFront says to paths. */
async function accepts(world: World, paths: string[]): Promise<Seen> {
  try {
    const { Id } = await create(world, paths);
    const { InvalidationBatch } = await completed(world, Id);
    return { answer: 'accepted', listed: InvalidationBatch!.Paths!.Items!.length === paths.length ? 'as given' : 'otherwise' };
  } catch (error) {
    return { answer: words(error) };
  }
}

async function newest(cloudFront: CloudFrontClient, distributionId: string): Promise<(string | undefined)[]> {
  const { InvalidationList } = await cloudFront.send(new ListInvalidationsCommand({ DistributionId: distributionId }));
  return (InvalidationList?.Items ?? []).map(({ Id }) => Id);
}

export const CLOUDFRONT: readonly Observation[] = [
  { name: 'repeated-reference', observe: world => repeat(world, ['/a', '/b'], ['/a', '/b']) },
  { name: 'repeated-reference-other-order', observe: world => repeat(world, ['/a', '/b'], ['/b', '/a']) },
  { name: 'repeated-reference-other-paths', observe: world => repeat(world, ['/a'], ['/b']) },
  {
    name: 'invalidation-id',
    observe: async world => {
      const { Id: id = '' } = await create(world, ['/id']);
      return { length: id.length, characters: /^[A-Z0-9]+$/.test(id) ? 'capitals and digits' : 'others' };
    },
  },
  {
    name: 'invalidation-known',
    observe: async world => {
      const { Id } = await create(world, ['/known']);
      return { answer: await get(world, Id).then(() => 'known at once', words) };
    },
  },
  {
    name: 'invalidation-order',
    observe: async world => {
      const ids = [(await create(world, ['/older'])).Id, (await create(world, ['/newer'])).Id];
      await Promise.all(ids.map(id => completed(world, id)));
      const listed = await newest(world.cloudFront, world.outputs.MirrorId);
      return { first: listed.indexOf(ids[1]) < listed.indexOf(ids[0]) ? 'the newest' : 'the oldest' };
    },
  },
  {
    name: 'invalidation-time',
    observe: async world => {
      const { Id } = await create(world, ['/time']);
      const start = world.now();
      const { Status } = await completed(world, Id);
      return { status: String(Status), seconds: Math.round((world.now() - start) / 1000) };
    },
  },
  { name: 'wildcards-over-quota', observe: world => accepts(world, Array.from({ length: 16 }, (_, index) => `/quota-${index}/*`)) },
  { name: 'cache-tag-without-config', observe: world => accepts(world, ['#tag']) },
  { name: 'path-with-a-blank', observe: world => accepts(world, ['/a b']) },
];
