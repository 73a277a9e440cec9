import { writeSync } from 'node:fs';

/** Says a line to the test; it is said when this returns, whatever happens to the process then. */
export function say(line: string): void {
  writeSync(1, `${line}\n`);
}
