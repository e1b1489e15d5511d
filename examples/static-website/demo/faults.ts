import type { Actor } from './timeline';
import type { World } from './world';

/** How long an outage and a full quota last, in milliseconds. */
const TROUBLE = 5_000;

interface DemoFault {
  readonly summary: string;
  /** Lets it happen, and tells of it. */
  readonly begin: (world: World, tell: (actor: Actor, text: string) => void) => void;
}

export const FAULTS = {
  outage: {
    summary: 'CloudFront answers 503 for a while',
    begin({ sandbox }, tell) {
      const faults = ['CreateInvalidation', 'GetInvalidation'].map(operation => sandbox.faults.add({
        service: 'cloudfront',
        operation,
        fault: { error: 'ServiceUnavailable', status: 503, message: 'CloudFront is temporarily unavailable.' },
        times: Infinity,
      }));
      tell('CloudFront', 'has an outage');
      sandbox.clock.after(TROUBLE, () => {
        faults.forEach(fault => fault.remove());
        tell('CloudFront', 'has recovered');
      });
    },
  },
  quota: {
    summary: 'CloudFront has no room: 15 wildcards of others',
    begin({ sandbox, distribution }, tell) {
      const { completesAfter, maxWildcardsInProgress } = distribution.settings;
      distribution.settings.completesAfter = TROUBLE;
      for (let count = 1; count <= maxWildcardsInProgress; count++) {
        sandbox.cloudFront.invalidate(distribution.id, `campaign-${count}`, [`/campaign-${count}/*`]);
      }
      distribution.settings.completesAfter = completesAfter;
      tell('CloudFront', `is busy with ${maxWildcardsInProgress} wildcards of other people`);
      sandbox.clock.after(TROUBLE, () => tell('CloudFront', `is done with the ${maxWildcardsInProgress} wildcards`));
    },
  },
  permission: {
    summary: 'the function\'s role may not call CloudFront',
    begin({ functionRole }, tell) {
      const others = functionRole.statements.filter(({ Action }) => ![Action].flat().some(action => action.startsWith('cloudfront:')));
      functionRole.statements.splice(0, functionRole.statements.length, ...others);
      tell('you', 'take the CloudFront permission from the function\'s role');
    },
  },
} satisfies Record<string, DemoFault>;

export type FaultName = keyof typeof FAULTS;
