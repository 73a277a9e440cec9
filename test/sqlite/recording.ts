import { basename, dirname } from 'node:path';

/** What a program did to the files of a folder, or said, in order. */
export type Recorded =
  | { readonly did: 'create' | 'remove' | 'flush'; readonly file: string }
  | { readonly did: 'truncate'; readonly file: string; readonly size: number }
  | { readonly did: 'write'; readonly file: string; readonly offset: number; readonly bytes: Buffer }
  | { readonly did: 'flush-folder' }
  | { readonly did: 'say'; readonly text: string };

const calls = 'openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink';

/** What a program is run with, so that `log` tells what it did. */
export function recorder(log: string): readonly string[] {
  return ['strace', '-f', '-y', '-qq', '-xx', '-s', '1000000', '--seccomp-bpf', '-e', `trace=${calls}`, '-o', log];
}

/** Reads what a recorder has written. Throws at what it does not understand. */
export function readRecording(log: string, folder: string): readonly Recorded[] {
  const recorded: Recorded[] = [];
  const begun = new Map<string, string>();
  for (const line of log.split('\n')) {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*?),? *<unfinished \.\.\.>$/.exec(text);
    if (unfinished !== null) {
      begun.set(thread, unfinished[1] as string);
      // Others may see it from now on; but nothing is flushed before that has ended.
      if (!/^f(data)?sync/.test(text)) add(`${unfinished[1]}) = 0`);
    } else if (text.startsWith('<... ')) {
      const start = begun.get(thread) ?? '';
      if (/^f(data)?sync/.test(start)) add(`${start}${text.replace(/^<\.\.\. \w+ resumed>/, '')}`);
    } else add(text);
  }
  return recorded;

  function add(call: string): void {
    const one = readCall(call, folder);
    if (one !== null) recorded.push(one);
  }
}

const descriptor = String.raw`(\d+)<([^>]*)>`;

function readCall(call: string, folder: string): Recorded | null {
  if (/ = -1 /.test(call)) return null;
  const opened = /^openat\(.*O_CREAT.* = \d+<([^>]*)>/.exec(call);
  if (opened !== null) return ours(opened[1], (file) => ({ did: 'create', file }));
  const removed = /^unlink\("(.*)"\)/.exec(call);
  if (removed !== null) return ours(removed[1], (file) => ({ did: 'remove', file }));
  const said = /^write\(1<[^>]*>, "(.*)", \d+\)/.exec(call);
  if (said !== null) return { did: 'say', text: bytesOf(said[1]).toString().trimEnd() };
  const [, , path] = new RegExp(`^\\w+\\(${descriptor}`).exec(call) ?? [];
  if (bytesOf(path).toString() === folder && /^f(data)?sync/.test(call)) return { did: 'flush-folder' };
  return ours(path, (file) => {
    if (/^f(data)?sync/.test(call)) return { did: 'flush', file };
    // The ballast: what is in it is nothing to anybody.
    if (call.startsWith('write(')) return null;
    const truncated = new RegExp(`^ftruncate\\(${descriptor}, (\\d+)\\)`).exec(call);
    if (truncated !== null) return { did: 'truncate', file, size: Number(truncated[3]) };
    const written = new RegExp(`^pwrite64\\(${descriptor}, "(.*)", (\\d+), (\\d+)\\)`).exec(call);
    if (written === null) throw new Error(`a call that is not understood: ${call.slice(0, 100)}`);
    const bytes = bytesOf(written[3]);
    if (bytes.length !== Number(written[4])) throw new Error('a write that was not recorded whole');
    return { did: 'write', file, offset: Number(written[5]), bytes };
  });

  function ours(hex: string | undefined, read: (file: string) => Recorded | null): Recorded | null {
    const path = bytesOf(hex).toString();
    return dirname(path) === folder ? read(basename(path)) : null;
  }
}

/** What strace writes as `\x41\x42`. */
function bytesOf(hex = ''): Buffer {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex');
}
