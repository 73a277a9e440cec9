import type { SeededRandom } from '../reliability/seeded-random.ts';
import type { Recorded } from './recording.ts';

type Change = Extract<Recorded, { readonly did: 'write' | 'truncate' }>;

interface DiskFile {
  /** Whether its name is in the folder, and whether that is safe. */
  isThere: boolean;
  isSafelyThere: boolean;
  safe: Buffer;
  unsafe: Change[];
}

const sectorBytes = 512;

/**
 * A disk that keeps for sure only what was flushed. Of what was written since, a power cut leaves any part, in any order:
 * that is what disks and file systems are allowed to do.
 */
export class SimulatedDisk {
  readonly #files = new Map<string, DiskFile>();

  /** What it does is what a program did. */
  apply(recorded: Recorded): void {
    switch (recorded.did) {
      case 'say':
        return;
      case 'flush-folder':
        for (const file of this.#files.values()) file.isSafelyThere = file.isThere;
        return;
      case 'create': {
        const file = this.#file(recorded.file);
        if (!file.isThere) Object.assign(file, { isThere: true, safe: Buffer.alloc(0), unsafe: [] });
        return;
      }
      case 'remove':
        this.#file(recorded.file).isThere = false;
        return;
      case 'flush': {
        const file = this.#file(recorded.file);
        file.safe = withChanges(file.safe, file.unsafe);
        file.unsafe = [];
        file.isSafelyThere = file.isThere;
        return;
      }
      default:
        this.#file(recorded.file).unsafe.push(recorded);
    }
  }

  /** The files after a power cut at this moment. */
  cut(random: SeededRandom): ReadonlyMap<string, Buffer> {
    const percentKept = [0, 10, 50, 90, 100][random.between(0, 4)] as number;
    const left = new Map<string, Buffer>();
    for (const [name, file] of this.#files) {
      const isThere = file.isThere === file.isSafelyThere ? file.isThere : random.percent(50);
      if (!isThere) continue;
      const kept = file.unsafe.flatMap((change) => {
        if (change.did === 'truncate') return random.percent(percentKept) ? [change] : [];
        return sectors(change).filter(() => random.percent(percentKept));
      });
      left.set(name, withChanges(file.safe, kept));
    }
    return left;
  }

  #file(name: string): DiskFile {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const file = { isThere: false, isSafelyThere: false, safe: Buffer.alloc(0), unsafe: [] };
    this.#files.set(name, file);
    return file;
  }
}

/** The parts of a write that reach the disk each as a whole. */
function sectors(write: Extract<Change, { readonly did: 'write' }>): readonly Change[] {
  const parts: Change[] = [];
  for (let done = 0; done < write.bytes.length; ) {
    const offset = write.offset + done;
    const size = Math.min(sectorBytes - (offset % sectorBytes), write.bytes.length - done);
    parts.push({ ...write, offset, bytes: write.bytes.subarray(done, done + size) });
    done += size;
  }
  return parts;
}

function withChanges(content: Buffer, changes: readonly Change[]): Buffer {
  const ends = changes.map((change) => (change.did === 'write' ? change.offset + change.bytes.length : change.size));
  const result = Buffer.alloc(Math.max(content.length, ...ends));
  content.copy(result);
  let size = content.length;
  for (const change of changes) {
    if (change.did === 'write') {
      change.bytes.copy(result, change.offset);
      size = Math.max(size, change.offset + change.bytes.length);
    } else {
      result.fill(0, change.size);
      size = change.size;
    }
  }
  return result.subarray(0, size);
}
