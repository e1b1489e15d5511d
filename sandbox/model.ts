/** A shape of an API model as AWS publishes it, cut to the constraints that a service checks. */
interface Shape {
  readonly type: string;
  readonly members?: Readonly<Record<string, { readonly shape: string; readonly location?: string }>>;
  readonly required?: readonly string[];
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

export interface ApiModel {
  readonly operations: Readonly<Record<string, { readonly input?: { readonly shape: string } }>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

/** Says what is wrong with a request, in the words that AWS uses, or gives an empty list. */
export function problemsOf(model: ApiModel, operation: string, input: unknown): string[] {
  const shape = model.operations[operation]?.input?.shape;
  return shape === undefined ? [`Unknown operation '${operation}'`] : check(model, shape, input, '');
}

function check(model: ApiModel, shapeName: string, value: unknown, at: string): string[] {
  const shape = model.shapes[shapeName];
  const failed = (constraint: string) => `Value '${String(value)}' at '${at}' failed to satisfy constraint: Member must ${constraint}`;
  switch (shape.type) {
    case 'structure': {
      if (!isRecord(value)) {
        return [failed('be a structure')];
      }
      const members = shape.members ?? {};
      return [
        ...(shape.required ?? []).filter(name => value[name] === undefined)
          .map(name => `Value null at '${join(at, name)}' failed to satisfy constraint: Member must not be null`),
        // AWS ignores what it does not know; here a misspelt member must not pass.
        ...Object.keys(value).filter(name => !Object.hasOwn(members, name)).map(name => `Unknown member '${join(at, name)}'`),
        ...Object.entries(members).filter(([name]) => value[name] !== undefined)
          .flatMap(([name, member]) => check(model, member.shape, value[name], join(at, name))),
      ];
    }
    case 'map':
      return !isRecord(value) ? [failed('be a map')] : Object.entries(value).flatMap(([key, item]) => [
        ...check(model, shape.key!.shape, key, `${at}.key`),
        ...check(model, shape.value!.shape, item, `${at}.${key}`),
      ]);
    case 'list':
      return !Array.isArray(value) ? [failed('be a list')] : [
        ...range(shape, value.length).map(limit => failed(`have length ${limit}`)),
        ...value.flatMap((item, index) => check(model, shape.member!.shape, item, `${at}.${index + 1}.member`)),
      ];
    case 'string':
      return typeof value !== 'string' ? [failed('be a string')] : [
        ...range(shape, value.length).map(limit => failed(`have length ${limit}`)),
        ...(shape.pattern !== undefined && !new RegExp(`^(?:${shape.pattern})$`).test(value) ? [failed(`satisfy regular expression pattern: ${shape.pattern}`)] : []),
        ...(shape.enum !== undefined && !shape.enum.includes(value) ? [failed(`satisfy enum value set: [${shape.enum.join(', ')}]`)] : []),
      ];
    case 'integer':
    case 'long':
      return !Number.isInteger(value) ? [failed('be an integer')] : range(shape, Number(value)).map(limit => failed(`have value ${limit}`));
    case 'boolean':
      return typeof value !== 'boolean' ? [failed('be a boolean')] : [];
    default:
      return [];
  }
}

function range({ min, max }: Shape, size: number): string[] {
  return [
    ...(min !== undefined && size < min ? [`greater than or equal to ${min}`] : []),
    ...(max !== undefined && size > max ? [`less than or equal to ${max}`] : []),
  ];
}

function join(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
