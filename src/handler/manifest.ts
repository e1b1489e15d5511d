import { Archive, Unreadable } from './archive';
import type { Artifact } from './event';
import { Failure } from './failure';
import { pathProblem, quote } from '../contract';

const MAX_MANIFEST_BYTES = 1024 * 1024;
const MAX_MANIFEST_PATHS = 10_000;

/** A hundred batches of 15, one after the other. */
const MAX_MANIFEST_WILDCARDS = 1_500;

/**
 * Reads the paths that a file in the artifact lists: a JSON array of strings, or one path per line. Blank lines and comments are ignored. A
 * comment starts with `# `, which is not a valid cache tag.
 *
 * @throws Failure, or Busy if another attempt may succeed
 */
export async function readManifest(fileName: string, artifact: Artifact, until: number): Promise<string[]> {
  try {
    const archive = await Archive.open(artifact.location, until);
    const content = await archive.read(fileName, MAX_MANIFEST_BYTES);
    if (content === undefined) {
      throw new Failure('ConfigurationError', `manifest must be a file in the artifact ${artifact.name}, got ${quote(fileName)}, which is not there`);
    }
    return parseManifest(fileName, content);
  } catch (error) {
    throw error instanceof Unreadable ? new Failure('ConfigurationError', `Cannot read the manifest ${quote(fileName)}, because ${error.message}`) : error;
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
    return refuse('it must be UTF-8 text');
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
    return refuse(`it must list at most ${MAX_MANIFEST_WILDCARDS} paths with a wildcard, got ${wildcards}: CloudFront accepts 15 at a time`);
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
    return refuse(`it starts with '[' but is not a JSON array: ${(error as Error).message}`);
  }
}

function fromLines(text: string): Line[] {
  return text.split(/\r\n|\n|\r/).map((line, index) => ({ at: `line ${index + 1}`, path: line.trim() }))
    .filter(({ path }) => path !== '' && !/^#(\s|$)/.test(path));
}
