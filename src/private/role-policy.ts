import { Names, type Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge, acknowledgeInline, acknowledgeInlinePolicy, acknowledgePolicy, type Finding } from './nag';

/** Where the permissions of a role are written. */
export interface RolePolicy {
  add(statement: iam.PolicyStatement): void;
  acknowledge(finding: Finding): void;
}

/** The role's own default policy, in the role's stack. */
export class OwnPolicy implements RolePolicy {
  constructor(private readonly role: iam.IRole) {}

  add(statement: iam.PolicyStatement): void {
    this.role.addToPrincipalPolicy(statement);
    acknowledgeInlinePolicy(this.role);
  }

  acknowledge(finding: Finding): void {
    acknowledgePolicy(this.role, finding);
  }
}

/** A policy for a role in another stack, so that the role's stack does not reference the policy's resources. */
export class PolicyElsewhere implements RolePolicy {
  private readonly policy: iam.Policy;

  constructor(scope: Construct, role: iam.IRole) {
    this.policy = new iam.Policy(scope, 'Policy', {
      // CDK's name is unique only in one stack, and of two policies with the same name, a role keeps only the later one.
      policyName: Names.uniqueResourceName(scope, { maxLength: 119, separator: '-' }) + `-${scope.node.addr.slice(-8)}`,
    });
    role.attachInlinePolicy(this.policy);
    acknowledgeInline(this.policy);
  }

  add(statement: iam.PolicyStatement): void {
    this.policy.addStatements(statement);
  }

  acknowledge(finding: Finding): void {
    acknowledge(this.policy, finding);
  }
}

/** Where permissions go: a policy, and a scope for resources. */
export interface Place {
  readonly scope: Construct;
  readonly policy: RolePolicy;
}

/**
 * What a role may do for the pipelines of one stack.
 *
 * The pipelines' stack contains the policy, because it references the role's stack anyway. The role's stack then references nothing there.
 * If the role's stack must reference the pipelines' stack, the policy moves to the role's stack.
 */
export class MovablePermissions implements RolePolicy {
  private readonly written = new Array<(place: Place) => void>();
  private elsewhere?: Construct;
  private place: Place;

  /** @param id unique in the stack, which is not the stack of `home` */
  constructor(private readonly home: Place, role: iam.IRole, stack: Stack, id: string) {
    this.elsewhere = new Construct(stack, id);
    this.place = { scope: this.elsewhere, policy: new PolicyElsewhere(this.elsewhere, role) };
  }

  write(write: (place: Place) => void): void {
    this.written.push(write);
    write(this.place);
  }

  add(statement: iam.PolicyStatement): void {
    this.write(({ policy }) => policy.add(statement));
  }

  acknowledge(finding: Finding): void {
    this.write(({ policy }) => policy.acknowledge(finding));
  }

  moveHome(): void {
    if (this.elsewhere !== undefined) {
      this.elsewhere.node.scope?.node.tryRemoveChild(this.elsewhere.node.id);
      this.elsewhere = undefined;
      this.place = this.home;
      this.written.forEach(write => write(this.home));
    }
  }
}
