import { expect } from 'vitest';
import { run } from './run.ts';

/** How a Node.js is started: a program and the arguments before the script's. */
export type Node = readonly [program: string, ...args: string[]];

/** Expects that a script of the host delivers one event, and that its process ends by itself. */
export async function expectDelivery([program, ...args]: Node, script: string, host: string): Promise<void> {
  const body = await run(program, [...args, script, `${crypto.randomUUID()}.db`], host);
  expect(Object.fromEntries(new URLSearchParams(body.trim()))).toMatchObject({
    event: 'support_conference_begin',
    version: '1',
    timestamp: expect.stringMatching(/^\d{10}$/),
    lsid: 'da39a3ee5e6b4b0d3255bfef95601890',
  });
}

/** Expects that each entry point is found, by `import` or `require`, and that what it exports bears its own name. */
export async function expectEntryPoints([program, ...args]: Node, script: string, host: string): Promise<void> {
  expect(await run(program, [...args, script], host)).toBe(
    'outbound-events OutboundEvents OutboundEventsError EmailTransport HttpTransport SqliteStorage PostgresStorage copyToPostgres ManualClock testQueueStorage testTransport UndiciTransport\n',
  );
}

/** Expects that the command of the package runs; `pg` is not there. */
export async function expectCommand([program, ...args]: Node, host: string): Promise<void> {
  const command = [...args, 'node_modules/.bin/outbound-events'];
  expect(await run(program, [...command, '--help'], host)).toMatch(/^Usage: outbound-events copy /);
  const copied = run(program, [...command, 'copy', '--from', 'queue.db', '--to', 'postgres://127.0.0.1:1/app'], host);
  await expect(copied).rejects.toThrow('pg is not there');
}

/** Expects that importing the package fails with the one sentence that tells what is wrong. */
export async function expectTooOld([program, ...args]: Node, host: string): Promise<void> {
  const imported = run(program, [...args, 'import-time.mjs'], host);
  await expect(imported).rejects.toThrow(
    /\bOutboundEventsError: outbound-events needs Node\.js 22\.13 or newer; this is Node\.js [\d.]+\.\B/,
  );
  await expect(imported).rejects.not.toThrow(/^ +at /m);
}
