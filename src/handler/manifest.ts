import { Archive, Unreadable } from './archive';
import type { Artifact } from './event';
import { Failure } from './failure';
import { pathProblem, quote } from '../contract';

const MAX_MANIFEST_BYTES = 1024 * 1024;
const MAX_MANIFEST_PATHS = 10_000;

/** A hundred batches, one after the other: as many as a continuation token holds. */
const MAX_MANIFEST_WILDCARDS = 1_500;

/**
 * The paths that a file of the artifact lists: a JSON array of strings, or one path a line, where blank lines and comments do not count.
 * A comment begins with `# `, which no cache tag does.
 *
 * @throws Failure, or Busy where another attempt may succeed
 */
export async function readManifest(fileName: string, artifact: Artifact, until: number): Promise<string[]> {
  try {
    const archive = await Archive.open(artifact.location, until);
    const content = await archive.read(fileName, MAX_MANIFEST_BYTES);
    if (content === undefined) {
      throw new Failure('ConfigurationError', `manifest must be a file of the artifact ${artifact.name}, which has none named ${quote(fileName)}`);
    }
    return parseManifest(fileName, content);
  } catch (error) {
    throw error instanceof Unreadable ? new Failure('ConfigurationError', `The manifest ${quote(fileName)} cannot be read, since ${error.message}`) : error;
  }
}

export function parseManifest(fileName: string, content: Buffer): string[] {
  const refuse = (problem: string) => {
    throw new Failure('ConfigurationError', `${fileName}: ${problem}`);
  };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return refuse('it must be text in UTF-8');
  }
  const lines = text.trimStart().startsWith('[') ? fromJson(text, refuse) : fromLines(text);
  if (lines.length > MAX_MANIFEST_PATHS) {
    return refuse(`it must list at most ${MAX_MANIFEST_PATHS} paths, got ${lines.length}`);
  }
  for (const { at, path } of lines) {
    const problem = pathProblem(path);
    if (problem !== undefined) {
      return refuse(`${at}: ${problem}`);
    }
  }
  const wildcards = lines.filter(({ path }) => String(path).endsWith('*')).length;
  if (wildcards > MAX_MANIFEST_WILDCARDS) {
    return refuse(`it must list at most ${MAX_MANIFEST_WILDCARDS} paths with a wildcard, got ${wildcards}: CloudFront takes 15 at a time`);
  }
  return lines.map(({ path }) => path as string);
}

interface Line {
  readonly at: string;
  readonly path: unknown;
}

function fromJson(text: string, refuse: (problem: string) => never): Line[] {
  try {
    return (JSON.parse(text) as unknown[]).map((path, index) => ({ at: `item ${index + 1}`, path }));
  } catch (error) {
    return refuse(`it begins with '[' and is no JSON array: ${(error as Error).message}`);
  }
}

function fromLines(text: string): Line[] {
  return text.split(/\r\n|\n|\r/).map((line, index) => ({ at: `line ${index + 1}`, path: line.trim() }))
    .filter(({ path }) => path !== '' && !/^#(\s|$)/.test(path));
}
