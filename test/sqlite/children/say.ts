import { writeSync } from 'node:fs';

/** Says a line to the test; it is said when this returns, whatever happens to the process then. */
export function say(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  for (let said = 0; said < bytes.length; ) {
    try {
      said += writeSync(1, bytes, said);
    } catch (error) {
      // The test has much to do, and takes the lines later.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
