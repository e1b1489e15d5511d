import { Names, type Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge, acknowledgeInline, acknowledgeInlinePolicy, acknowledgePolicy, type Finding } from './nag';

/** Where the permissions of a role are written. */
export interface RolePolicy {
  add(statement: iam.PolicyStatement): void;
  /** Adds a long statement, if possible to a policy of its own. */
  addSeparately(statement: iam.PolicyStatement): void;
  acknowledge(finding: Finding): void;
}

/** Construct IDs of a role's further policies, with a number. */
const SEPARATE = 'InvalidationPolicy';

/** The role's own default policy, in the role's stack. */
export class OwnPolicy implements RolePolicy {
  constructor(private readonly role: iam.IRole) {}

  add(statement: iam.PolicyStatement): void {
    this.role.addToPrincipalPolicy(statement);
    acknowledgeInlinePolicy(this.role);
  }

  /** CDK splits a policy by itself, but estimates an ARN at more than twice its length, and a role has 10 managed policies at most. */
  addSeparately(statement: iam.PolicyStatement): void {
    const { role } = this;
    if (!iam.Role.isRole(role)) {
      // Its owner may not want further policies attached.
      this.add(statement);
      return;
    }
    const number = role.node.children.filter(({ node }) => node.id.startsWith(SEPARATE)).length + 1;
    new iam.ManagedPolicy(role, `${SEPARATE}${number}`, {
      description: `What ${role.node.path} may invalidate, continued`,
      statements: [statement],
      roles: [role],
    });
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

  addSeparately(statement: iam.PolicyStatement): void {
    this.add(statement);
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

  /** The construct in the pipelines' stack, until the policy moves. */
  get scope(): Construct | undefined {
    return this.elsewhere;
  }

  write(write: (place: Place) => void): void {
    this.written.push(write);
    write(this.place);
  }

  add(statement: iam.PolicyStatement): void {
    this.write(({ policy }) => policy.add(statement));
  }

  addSeparately(statement: iam.PolicyStatement): void {
    this.write(({ policy }) => policy.addSeparately(statement));
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
