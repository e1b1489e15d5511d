import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { nameOfCombination, reasonAgainst, type Combination } from './combination';
import { givenApp } from './world';

/**
 * Synthesises a combination, and hands the cloud assembly on where there is one.
 *
 * @returns what is wrong: an error where none is right, none where there must be one, or another than the right one
 */
export async function synthesize(
  combination: Combination, context: Record<string, unknown>, onAssembly: (assembly: string) => void | Promise<void> = () => undefined,
): Promise<string | undefined> {
  const assembly = mkdtempSync(join(tmpdir(), 'combination-'));
  const expected = reasonAgainst(combination);
  try {
    givenApp(combination, assembly, context).synth();
    if (expected !== undefined) {
      return `${nameOfCombination(combination)}: synthesises, and should say ${expected}`;
    }
    await onAssembly(assembly);
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    return expected?.test(message) ? undefined : `${nameOfCombination(combination)}: ${message}`;
  } finally {
    rmSync(assembly, { recursive: true, force: true });
  }
}
