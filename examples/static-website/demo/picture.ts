/**
 * Plays the demo, and draws what happened: `npx projen demo:picture` writes docs/demo.svg.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { draw } from './draw';
import { play } from './play';
import { prepareSite } from './site';
import { Timeline } from './timeline';

const PICTURE = join(__dirname, '..', '..', '..', 'docs', 'demo.svg');

async function main(file = PICTURE): Promise<void> {
  const workspace = mkdtempSync(join(tmpdir(), 'stale-page-'));
  process.once('exit', () => rmSync(workspace, { recursive: true, force: true }));
  const timeline = new Timeline();
  const { fresh, looks, watched, action } = await play(prepareSite(workspace, {}), { help: false }, workspace, timeline);
  if (!fresh) {
    throw new Error('The run ended with stale pages: it is no picture of what the demo shows');
  }
  const { published, started, accepted, dropped, completed, ended } = timeline.moments;
  const at = (moment: number | undefined) => Math.round((Number(moment) - Number(published)) * 100) / 100;
  writeFileSync(file, draw({
    started: at(started),
    accepted: at(accepted),
    dropped: at(dropped),
    completed: at(completed),
    ended: at(ended),
    looks: looks.filter(look => look.file === watched).map(look => ({ at: at(look.at), version: look.versions[0] })),
    pages: Number(action.outputVariables.checkedPageCount),
  }));
}

main(process.argv[2]).catch(error => {
  console.error(error);
  process.exitCode = 1;
});
