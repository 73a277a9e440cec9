import { OutboundEventsError } from '../core/errors.ts';
import { diskFull } from './storage-error.ts';
import type { StorageFile } from './storage-file.ts';

/** Why no event can be accepted for the time being, if so. Deliveries that were accepted go on. */
export function obstacleToAppending(file: StorageFile, maxBytes: number): OutboundEventsError | undefined {
  const { path, log } = file;
  const logBytes = log.size();
  if (logBytes === undefined) {
    return new OutboundEventsError(
      'ERR_STORAGE_FAILED',
      `${path} or its -wal file was removed or renamed while in use, and what is accepted now would be lost; put it back, or start again`,
    );
  }
  if (isDiskFull(file, logBytes)) return new OutboundEventsError('ERR_STORAGE_FULL', diskFull(path));
  if (logBytes > maxBytes && !log.carryOver()) {
    return new OutboundEventsError(
      'ERR_STORAGE_BUSY',
      `another program has been reading ${path} for so long that its -wal file has outgrown the limit of the backlog; end what it does there`,
    );
  }
  return undefined;
}

/**
 * Whether the ballast is gone for good, or the file and the disk have no more to spare than SQLite's log needs to work in:
 * the file must not grow into that, for it never shrinks again.
 */
function isDiskFull({ ballast, log, pages }: StorageFile, logBytes: number): boolean {
  if (!ballast.restore()) {
    log.empty();
    if (!ballast.restore()) return true;
  }
  return ballast.bytesFree() + logBytes < ballast.size && pages.bytesUnused() < ballast.size;
}
