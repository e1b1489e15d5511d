// Runs one job in a process of its own, as a cold start does, and says what the whole process has cost.
import { readFileSync } from 'node:fs';

const [, , file, eventFile] = process.argv;
const { handler } = await import(file);
const deadline = Date.now() + 60_000;
await handler(JSON.parse(readFileSync(eventFile, 'utf8')), { awsRequestId: 'benchmark', getRemainingTimeInMillis: () => deadline - Date.now() });
const { user, system } = process.cpuUsage();
process.stdout.write(`\n@${JSON.stringify({ cpu: (user + system) / 1_000, memory: process.resourceUsage().maxRSS / 1_024 })}\n`);
process.exit();
