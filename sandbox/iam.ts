/** A statement of a policy, as it is synthesised. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

/** Who calls: a role of the deployed templates, with its identity policies. */
export class Role {
  readonly statements: Statement[] = [];

  constructor(readonly name: string, readonly arn: string, readonly accessKeyId: string) {}

  /** Whether the policies allow it: a Deny wins, and nothing is allowed that no statement allows. */
  allows(action: string, resource: string): boolean {
    const matching = this.statements.filter(statement => matches(statement, action, resource));
    return matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny');
  }
}

function matches(statement: Statement, action: string, resource: string): boolean {
  if (statement.Condition !== undefined || statement.Action === undefined || statement.Resource === undefined) {
    throw new Error(`The sandbox judges Action and Resource only, got ${JSON.stringify(statement)}`);
  }
  return list(statement.Action).some(pattern => wildcard(pattern.toLowerCase(), action.toLowerCase()))
    && list(statement.Resource).some(pattern => wildcard(pattern, resource));
}

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

function wildcard(pattern: string, text: string): boolean {
  const expression = pattern.split('').map(character => character === '*' ? '.*' : character === '?' ? '.' : character.replace(/[^\w]/, '\\$&')).join('');
  return new RegExp(`^${expression}$`, 's').test(text);
}
