// What Lambda loads. It waits for what this file waits for, and gives the function its first event after that. TypeScript takes the others for
// CommonJS, where a file cannot wait.
import { warmUp } from './warm-up';

export { handler } from './index';

await warmUp();
