export type ServiceName = 'cloudfront' | 'codepipeline' | 's3' | 'sts';

/** What goes wrong with a request. */
export type FaultKind =
  /** The service answers with an error, and does nothing. */
  | { readonly error: string; readonly status: number; readonly message?: string }
  /** `Throttling: Rate exceeded`, and nothing done. */
  | { readonly throttle: true }
  /** The connection is reset before or after the service has done what was asked. */
  | { readonly reset: 'before' | 'after' }
  /** No answer at all, before or after the effect. */
  | { readonly hang: 'before' | 'after' }
  /** The answer comes late, by that many milliseconds of the sandbox. */
  | { readonly delay: number }
  /** The body ends half-way. */
  | { readonly truncate: true }
  /** A body that is no XML and no JSON, with status 200, after the effect. */
  | { readonly malformed: true };

export interface Fault {
  readonly service: ServiceName;
  readonly operation: string;
  readonly fault: FaultKind;
  /** How many requests it strikes. @default 1 */
  readonly times?: number;
  /** How many requests it lets pass first. @default 0 */
  readonly skip?: number;
  readonly distributionId?: string;
}

/** A fault that was added. */
export interface FaultHandle {
  /** How many requests it has struck. */
  readonly hits: number;
  remove(): void;
}

/** The faults that are in force. */
export class Faults {
  private readonly active: { readonly fault: Fault; seen: number; hits: number }[] = [];

  add(fault: Fault): FaultHandle {
    const entry = { fault, seen: 0, hits: 0 };
    this.active.push(entry);
    return {
      get hits() {
        return entry.hits;
      },
      remove: () => {
        if (this.active.includes(entry)) {
          this.active.splice(this.active.indexOf(entry), 1);
        }
      },
    };
  }

  /** The fault that strikes this request, if any. Asking counts as a request. */
  strike(service: ServiceName, operation: string, distributionId?: string): FaultKind | undefined {
    for (const entry of this.active) {
      const { fault } = entry;
      const isFor = fault.distributionId === undefined || fault.distributionId === distributionId;
      if (fault.service !== service || fault.operation !== operation || !isFor) {
        continue;
      }
      entry.seen++;
      if (entry.seen > (fault.skip ?? 0) && entry.hits < (fault.times ?? 1)) {
        entry.hits++;
        return fault.fault;
      }
    }
    return undefined;
  }
}
