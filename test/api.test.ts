import { readFileSync } from 'fs';
import { join } from 'path';

interface Documented {
  readonly name: string;
  readonly docs?: Partial<Readonly<Record<'summary' | 'default' | 'example' | 'see' | 'stability', string>>>;
}

interface Type extends Documented {
  readonly kind: 'class' | 'enum' | 'interface';
  readonly base?: string;
  readonly properties?: (Documented & { readonly optional?: boolean; readonly overrides?: string })[];
  readonly methods?: (Documented & { readonly overrides?: string; readonly protected?: boolean })[];
  readonly members?: Documented[];
}

const { types } = JSON.parse(readFileSync(join(__dirname, '..', '.jsii'), 'utf8')) as { types: Record<string, Type> };
const TYPES = Object.values(types);

describe.each(TYPES.map(type => [type.name, type] as const))('%s', (_, type) => {
  test('is documented, member by member, and says how stable it is', () => {
    const members = [type, ...type.properties ?? [], ...type.methods ?? [], ...type.members ?? []];
    expect(members.filter(({ docs }) => !docs?.summary).filter(member => !('overrides' in member)).map(({ name }) => name)).toEqual([]);
    expect(type.docs?.stability).toBeDefined();
  });

  if (type.kind === 'class') {
    test('has an example', () => expect(type.docs?.example).toBeDefined());
  }

  if (type.kind === 'interface') {
    test('says what an optional property is when it is left out', () => {
      expect((type.properties ?? []).filter(({ optional, docs }) => optional && docs?.default === undefined).map(({ name }) => name)).toEqual([]);
    });
  }
});

test('those that AWS documents link to it', () => {
  expect(TYPES.filter(({ kind, docs }) => kind === 'class' && !docs?.see).map(({ name }) => name)).toEqual([]);
});
