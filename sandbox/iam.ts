/** A statement of a policy, as it is synthesised. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

/** A statement of a role's trust policy. */
export interface TrustStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Principal: '*' | { readonly AWS?: string | readonly string[] };
  readonly Condition?: unknown;
}

/** What a condition may ask for. A key that the request lacks is `undefined`. */
type Context = Readonly<Record<string, string | undefined>>;

/** What the policies say: a Deny wins, and nothing is allowed that no statement allows. */
export type Judgement = 'allowed' | 'denied' | 'not allowed';

/** Who calls: a role of the deployed templates, with its identity policies. */
export class Role {
  readonly statements: Statement[] = [];
  readonly trust: TrustStatement[] = [];

  constructor(readonly name: string, readonly arn: string, readonly accessKeyId: string) {}

  get account(): string {
    return this.arn.split(':')[4];
  }

  allows(action: string, resource: string): boolean {
    return this.judge(action, resource) === 'allowed';
  }

  judge(action: string, resource: string): Judgement {
    const effects = this.statements.filter(statement => matches(statement, action, resource, this.context)).map(({ Effect }) => Effect);
    return effects.includes('Deny') ? 'denied' : effects.includes('Allow') ? 'allowed' : 'not allowed';
  }

  /** By what the trust policy lets another role assume this one: that role itself, or all of its account; or not at all. */
  trusts(other: Role, context: Context): 'role' | 'account' | undefined {
    const applying = this.trust.filter(({ Action, Condition }) =>
      list(Action).includes('sts:AssumeRole') && holds(Condition, { ...context, ...other.context }));
    const names = (effect: Statement['Effect'], principals: readonly string[]) => applying.some(({ Effect, Principal }) =>
      Effect === effect && (Principal === '*' ? ['*'] : list(Principal.AWS ?? [])).some(principal => principals.includes(principal)));
    const account = [other.account, `arn:aws:iam::${other.account}:root`];
    if (names('Deny', [other.arn, ...account, '*'])) {
      return undefined;
    }
    return names('Allow', [other.arn]) ? 'role' : names('Allow', [...account, '*']) ? 'account' : undefined;
  }

  private get context(): Context {
    return { 'aws:PrincipalArn': this.arn, 'aws:PrincipalAccount': this.account };
  }
}

/** What AWS tells a caller that may not. */
export function denial(role: Role, session: string, action: string, resource?: string): string {
  const on = resource === undefined ? '' : ` on resource: ${resource}`;
  const why = role.judge(action, resource ?? '*') === 'denied'
    ? 'with an explicit deny in an identity-based policy'
    : `because no identity-based policy allows the ${action} action`;
  return `User: arn:aws:sts::${role.account}:assumed-role/${role.name}/${session} is not authorized to perform: ${action}${on} ${why}`;
}

function matches(statement: Statement, action: string, resource: string, context: Context): boolean {
  if (statement.Action === undefined || statement.Resource === undefined) {
    throw new Error(`The sandbox judges Action and Resource, and no NotAction and NotResource, got ${JSON.stringify(statement)}`);
  }
  // Conditions last: those of statements about other services need not be understood here.
  return list(statement.Action).some(pattern => wildcard(pattern.toLowerCase(), action.toLowerCase()))
    && list(statement.Resource).some(pattern => wildcard(pattern, resource))
    && holds(statement.Condition, context);
}

const OPERATORS: Readonly<Record<string, (pattern: string, value: string) => boolean>> = {
  StringEquals: (pattern, value) => pattern === value,
  StringLike: wildcard,
  ArnEquals: wildcard,
  ArnLike: wildcard,
};

function holds(condition: unknown, context: Context): boolean {
  const operators = (condition ?? {}) as Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  const isKnown = Object.entries(operators).every(([operator, keys]) =>
    Object.hasOwn(OPERATORS, operator) && Object.keys(keys).every(key => Object.hasOwn(context, key)));
  if (!isKnown) {
    // A guess would make a test green for the wrong reason.
    throw new Error(`The sandbox judges conditions with ${Object.keys(OPERATORS).join(', ')} on ${Object.keys(context).join(', ')} only, ` +
      `got ${JSON.stringify(condition)}`);
  }
  return Object.entries(operators).every(([operator, keys]) => Object.entries(keys).every(([key, patterns]) =>
    list(patterns).some(pattern => context[key] !== undefined && OPERATORS[operator](pattern, context[key]))));
}

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

function wildcard(pattern: string, text: string): boolean {
  const expression = pattern.split('').map(character => character === '*' ? '.*' : character === '?' ? '.' : character.replace(/[^\w]/, '\\$&')).join('');
  return new RegExp(`^${expression}$`, 's').test(text);
}
