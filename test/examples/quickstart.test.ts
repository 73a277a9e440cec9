import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RunningExample } from './run-example.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outbound-events-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('the quickstart', () => {
  it('shows every claim to be true, and leaves nothing behind', async () => {
    const folder = await temporaryFolder();
    const quickstart = new RunningExample(['examples/quickstart.ts'], { env: { TMPDIR: folder } });
    const exitCode = await quickstart.exitCode;
    const { output } = quickstart;
    expect(output.match(/[✓✗]/g)).toEqual(Array(7).fill('✓'));
    expect(exitCode).toBe(0);
    expect(output, 'colours without a terminal').not.toContain('\u001b');
    expect(await readdir(folder)).toEqual([]);
  });

  it('fails, and says which claim is not true, when events get lost', async () => {
    const preload = import.meta.resolve('./lose-events.ts');
    const quickstart = new RunningExample(['examples/quickstart.ts'], { preload });
    expect(await quickstart.exitCode).toBe(1);
    expect(quickstart.output).toContain('✗ nothing is lost');
  });
});
