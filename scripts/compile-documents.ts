/**
 * Compiles the examples of docs/, as jsii-rosetta compiles those of the README and of the doc comments: with rosetta/default.ts-fixture
 * around each. A block of `typescript` instead of `ts` needs a newer CDK than the oldest one, and is not compiled.
 */
import { readdirSync, readFileSync } from 'fs';
import { join, relative } from 'path';
import * as ts from 'typescript';

const ROOT = join(__dirname, '..');

/** `declare const` stands in a constructor, as in every example of CDK. */
const MODIFIERS_CANNOT_APPEAR_HERE = 1184;

interface Example {
  readonly document: string;
  readonly line: number;
  readonly code: string;
}

const [before, after] = readFileSync(join(ROOT, 'rosetta', 'default.ts-fixture'), 'utf8').split('/// here');
const linesBefore = before.split('\n').length - 1;

const documents = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.md')).map(file => `docs/${file}`);
const examples = new Map(documents.flatMap(examplesOf).map((example, index) => [join(ROOT, `example-${index}.ts`), example]));
const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.dev.json'), file => readFileSync(file, 'utf8'));
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, ROOT);
const host = ts.createCompilerHost(options);
const { fileExists, readFile, getSourceFile } = host;
host.fileExists = file => examples.has(file) || fileExists(file);
host.readFile = file => examples.get(file)?.code ?? readFile(file);
host.getSourceFile = (file, ...rest) => {
  const example = examples.get(file);
  return example === undefined ? getSourceFile(file, ...rest) : ts.createSourceFile(file, before + example.code + after, ts.ScriptTarget.ES2022);
};

const program = ts.createProgram([...examples.keys()], { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false }, host);
const problems = ts.getPreEmitDiagnostics(program).filter(({ code }) => code !== MODIFIERS_CANNOT_APPEAR_HERE).map(({ file, start, messageText }) => {
  const message = ts.flattenDiagnosticMessageText(messageText, '\n');
  const example = file && examples.get(file.fileName);
  if (example === undefined) {
    return `${file === undefined ? '' : `${relative(ROOT, file.fileName)}: `}${message}`;
  }
  const { line } = file!.getLineAndCharacterOfPosition(start!);
  return `${example.document}:${example.line + line - linesBefore}: ${message}`;
});
problems.forEach(problem => console.error(problem));
console.log(`${examples.size} examples of docs/, ${problems.length} problems`);
process.exitCode = problems.length === 0 && examples.size > 0 ? 0 : 1;

function examplesOf(document: string): Example[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(({ index, 1: code }) => ({
    document, code, line: text.slice(0, index).split('\n').length + 1,
  }));
}
