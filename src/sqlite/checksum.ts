import { crc32 } from 'node:zlib';

/**
 * Tells whether values come out of the file as they went in. SQLite does not notice when a disk alters a text or a number
 * in it, and what is altered would be sent to others, or elsewhere, or not at all.
 */
export function checksum(...values: readonly (string | number)[]): number {
  return crc32(JSON.stringify(values));
}
