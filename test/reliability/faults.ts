/** Prints what the fault matrix tried and what it broke; with `--write`, also into docs/reliability.md. Fails if anything broke. */
import { writeSection } from './document';
import { cases, INVARIANTS, runAll, type Result } from './fault-matrix';

function argument(name: string): string | undefined {
  const index = process.argv.indexOf(name);
  return index === -1 ? undefined : process.argv[index + 1];
}

async function main(): Promise<void> {
  const only = argument('--only');
  const every = Number(argument('--every') ?? 1);
  const all = cases().filter(({ operation, fault, strike, platform }, index) =>
    (only === undefined || `${operation.name}, ${fault}, ${strike}, ${platform}`.includes(only)) && index % every === 0);
  const results = await runAll(all, done => {
    if (done % 100 === 0) {
      console.error(`${done} of ${all.length}`);
    }
  });
  const text = report(results);
  console.log(text);
  for (const { case: { operation, fault, strike, platform }, outcome, broken, badLines } of results.filter(result => result.broken.length > 0)) {
    console.log(`BROKEN: ${operation.name}, ${fault}, ${strike}, ${platform}: ${outcome}: ${[...broken, ...badLines].join('; ')}`);
  }
  writeSection('Faults', text);
  process.exitCode = results.some(({ broken }) => broken.length > 0) ? 1 : 0;
}

function report(results: readonly Result[]): string {
  const operations = [...new Set(results.map(result => result.case.operation.name))];
  const outcomes = [...new Set(results.map(({ outcome }) => outcome))].sort();
  return `\`npx projen reliability:faults\`: the function runs as it ships, in a process of its own, on the Node.js version of the Lambda
runtime, against the sandbox. One job reads the pipeline's history and two archives, assumes a role of another account, creates the
invalidation, waits for it and reports. Each of its calls meets each fault: every error of AWS's model of the call, throttling, 500, 503, a
wrong clock, an expired token, a connection that is reset or hangs before or after the effect, a slow answer, half a body, and a body that
makes no sense. The fault strikes the first call, the second, the first five, or all. The platform behaves normally, delivers each event twice,
kills the process after the call's effect (as after a crash or out of memory), freezes it there until Lambda's timeout kills it,
or needs several invocations for the wait.

${results.length} cases, of which ${results.filter(({ struck }) => struck).length} met their fault (a job makes some calls only once, or ends before). ` +
`Invariants broken: ${results.reduce((sum, { broken }) => sum + broken.length, 0)}.

| invariant | broken |
|---|---|
${INVARIANTS.map(invariant => `| ${invariant} | ${results.filter(({ broken }) => broken.includes(invariant)).length} |`).join('\n')}

| call | cases | ${outcomes.join(' | ')} |
|---|---|${outcomes.map(() => '---|').join('')}
${operations.map(name => {
  const own = results.filter(result => result.case.operation.name === name);
  return `| \`${name}\` | ${own.length} | ${outcomes.map(outcome => own.filter(result => result.outcome === outcome).length).join(' | ')} |`;
}).join('\n')}

"No answer accepted" is a \`PutJobSuccessResult\` or \`PutJobFailureResult\` that CodePipeline refuses each time: nobody can end such a job but
CodePipeline's own timeout of 20 minutes.
`;
}

void main();
