/**
 * What must never happen: a page counts as fresh, and CloudFront got its copy from the origin before the invalidation. A model of an edge
 * location plays what may happen to copies, and the verdicts are held against what the model knows and no header tells.
 */
import * as fc from 'fast-check';
import { fileVerdict, pageVerdict, type Invalidated } from '../../../src/handler/freshness/verdict';
import type { Visit } from '../../../src/handler/freshness/visit';

const FILE = { size: 3, crc32: 0xabc };

/** When the invalidation is created. Before it, copies are up to a day old. */
const INVALIDATED_AT = 1_800_000_000_000;
const INVALIDATED: Invalidated = { at: INVALIDATED_AT, isSeenBefore: true };

interface Copy {
  /** When the origin made it. */
  readonly madeAt: number;
  /** When this cache got it, and its age in whole seconds then: that of the origin, and what it spent in the regional cache. */
  readonly storedAt: number;
  readonly ageThen: number;
}

interface World {
  /** Whether each server has one of its own. */
  readonly regionalCaches: 'none' | 'shared' | 'own';
  readonly regionalHit: 'Hit' | 'Miss';
  /** In seconds, constant. */
  readonly originAge: number;
  /** Whether the age of a copy is rounded down as it leaves the regional cache. */
  readonly rounds: boolean;
}

/** An edge location with some servers, and regional caches behind them. */
class EdgeModel {
  private readonly servers = new Map<number, Copy>();
  private readonly regions = new Map<number, Copy>();

  constructor(private readonly world: World) {}

  visit(server: number, now: number): { readonly copy: Copy; readonly cache: string; readonly age: number } {
    const kept = this.servers.get(server);
    if (kept !== undefined) {
      return { copy: kept, cache: 'Hit from cloudfront', age: ageOf(kept, now) };
    }
    const region = this.world.regionalCaches === 'own' ? server : 0;
    const inRegion = this.world.regionalCaches === 'none' ? undefined : this.regions.get(region);
    const behind = inRegion ?? { madeAt: now, storedAt: now, ageThen: this.world.originAge };
    this.regions.set(region, behind);
    const exact = behind.ageThen + (now - behind.storedAt) / 1000;
    const copy = { madeAt: behind.madeAt, storedAt: now, ageThen: this.world.rounds ? Math.floor(exact) : exact };
    this.servers.set(server, copy);
    return { copy, cache: `${inRegion !== undefined ? this.world.regionalHit : 'Miss'} from cloudfront`, age: ageOf(copy, now) };
  }

  forget(where: 'regions' | number): void {
    if (where === 'regions') {
      this.regions.clear();
    } else {
      this.servers.delete(where);
    }
  }

  forgetAll(): void {
    this.servers.clear();
    this.regions.clear();
  }
}

function ageOf({ storedAt, ageThen }: Copy, now: number): number {
  return Math.floor(ageThen + (now - storedAt) / 1000);
}

/** What the function sees of a visit that takes some time. */
function seen(edge: EdgeModel, server: number, askedAt: number, latency: number): { readonly copy: Copy; readonly visit: Visit } {
  const { copy, cache, age } = edge.visit(server, askedAt + latency / 2);
  const isOfUnknownAge = age === 0 && cache.startsWith('Hit');
  return {
    copy,
    visit: {
      url: 'https://www.example.com/',
      status: 200,
      age: age === 0 ? undefined : age,
      cache,
      madeAfter: isOfUnknownAge ? 0 : askedAt - (age + 1) * 1000,
      redirectsMadeAfter: Infinity,
      askedAt,
      answeredAt: askedAt + latency,
      content: { sent: FILE },
    },
  };
}

type Event = { readonly after: number } & (
  | { readonly kind: 'visit'; readonly server: number }
  | { readonly kind: 'forget'; readonly where: 'regions' | number }
  | { readonly kind: 'look'; readonly server: number; readonly latency: number }
);

const server = fc.nat({ max: 1 });
const latency = fc.integer({ min: 2, max: 3_000 });
const visitOrForget = fc.oneof(
  fc.record({ kind: fc.constant('visit' as const), server }),
  fc.record({ kind: fc.constant('forget' as const), where: fc.oneof(server, fc.constant('regions' as const)) }),
);
const sometime = fc.oneof(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 40_000_000 }));
const earlier = fc.array(fc.tuple(visitOrForget, sometime), { maxLength: 5 });
const look = fc.record({ kind: fc.constant('look' as const), server, latency });
const later = fc.array(fc.tuple(fc.oneof(visitOrForget, look), fc.integer({ min: 1, max: 20_000 })), { maxLength: 10 });
const world = fc.record({
  regionalCaches: fc.constantFrom('none' as const, 'shared' as const, 'own' as const), regionalHit: fc.constantFrom('Hit' as const, 'Miss' as const), originAge: fc.constantFrom(0, 0, 7, 40, 3_600, 86_400), rounds: fc.boolean(),
});

/** What was seen of a site, and what is true of it. */
interface Seen {
  readonly visit: Visit;
  readonly copy: Copy;
}

function play(edge: EdgeModel, events: readonly Event[], start: number): Seen[] {
  let now = start;
  const looks: Seen[] = [];
  for (const event of events) {
    now += event.after;
    if (event.kind === 'visit') {
      edge.visit(event.server, now);
    } else if (event.kind === 'forget') {
      edge.forget(event.where);
    } else {
      looks.push(seen(edge, event.server, now, event.latency));
      now += event.latency;
    }
  }
  return looks;
}

const events = (list: readonly (readonly [object, number])[]) => list.map(([event, after]) => ({ ...event, after }) as Event);
const durationOf = (list: readonly Event[]) => list.reduce((sum, { after }) => sum + after, 0);

test('whatever happened to its copies, no page is fresh in one of before the invalidation', () => {
  fc.assert(fc.property(world, earlier, later, fc.integer({ min: 1, max: 5_000 }), latency, (options, past, future, gap, took) => {
    const edge = new EdgeModel(options);
    const history = events(past);
    play(edge, history, INVALIDATED_AT - gap - took - 1 - durationOf(history));
    edge.visit(0, INVALIDATED_AT - gap - took / 2);
    for (const { visit, copy } of play(edge, events(future), INVALIDATED_AT)) {
      if (pageVerdict(visit, INVALIDATED).state === 'fresh') {
        // A cache that rounds an age down makes a copy younger, by less than a second.
        expect(copy.madeAt).toBeGreaterThan(INVALIDATED_AT - (options.rounds ? 1_000 : 1));
      }
      if (fileVerdict(visit, FILE, INVALIDATED, true).state === 'fresh') {
        // The bytes are right, so only the copy of before must be gone from this server.
        expect(copy.storedAt).toBeGreaterThan(INVALIDATED_AT - (options.rounds ? 1_000 : 1));
      }
    }
  }), { numRuns: 5_000 });
});

test('once the caches have forgotten a page, it is fresh within a few looks, however many visitors there are', () => {
  const visits = fc.array(fc.integer({ min: 0, max: 15_000 }), { maxLength: 20 });
  // Ages are in whole seconds: of a copy that is made soon after the invalidation, a look sees that only at some fractions of a second.
  const effects = fc.integer({ min: 500, max: 20_000 });
  const pauses = fc.noBias(fc.array(fc.integer({ min: 1_000, max: 1_500 }), { minLength: 40, maxLength: 40, size: 'max' }));
  // An origin that gives its files an age keeps them old: no header tells the difference.
  const healthy = world.filter(({ originAge }) => originAge === 0);
  const gaps = fc.integer({ min: 1, max: 5_000 });
  const latencies = fc.integer({ min: 2, max: 100 });
  fc.assert(fc.property(healthy, earlier, visits, gaps, effects, latencies, pauses, (options, past, visitors, gap, effect, took, waits) => {
    const edge = new EdgeModel(options);
    const history = events(past);
    play(edge, history, INVALIDATED_AT - gap - took - 1 - durationOf(history));
    edge.visit(0, INVALIDATED_AT - gap - took / 2);
    edge.forgetAll();
    const effective = INVALIDATED_AT + effect;
    [...visitors].sort((left, right) => left - right).forEach(after => edge.visit(0, effective + after));
    let now = effective + 15_000;
    const looks = waits.map(pause => seen(edge, 0, now += pause, took));
    expect(looks.map(({ visit }) => pageVerdict(visit, INVALIDATED).state)).toContain('fresh');
    expect(looks.map(({ visit }) => fileVerdict(visit, FILE, INVALIDATED, true).state)).toContain('fresh');
  }), { numRuns: 1_000 });
});
