import { isObject } from '../contract';

/**
 * A resolved template value with a text in place of each intrinsic function, which only CloudFormation can evaluate.
 *
 * @param standIn the text for an intrinsic function other than `Fn::Join`
 */
export function withoutIntrinsics(value: unknown, standIn: (intrinsic: Record<string, unknown>) => string): unknown {
  if (Array.isArray(value)) {
    return value.map(element => withoutIntrinsics(element, standIn));
  }
  if (!isObject(value)) {
    return value;
  }
  const join = value['Fn::Join'];
  if (Array.isArray(join) && Array.isArray(join[1])) {
    return join[1].map(part => String(withoutIntrinsics(part, standIn))).join(String(join[0]));
  }
  const names = Object.keys(value);
  return names.length === 1 && /^(Ref|Fn::\w+)$/.test(names[0])
    ? standIn(value)
    : Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutIntrinsics(member, standIn)]));
}
