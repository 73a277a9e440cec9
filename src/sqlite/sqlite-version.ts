const needed = '3.51.3';

/**
 * Warnings about this version of SQLite. Those before 3.51.3 can lose what was committed when two programs write to a
 * file, or carry its log over, at the same moment.
 */
export function sqliteVersionWarnings(version: string): readonly string[] {
  if (new Intl.Collator('en', { numeric: true }).compare(version, needed) >= 0) return [];
  return [
    `this Node.js has SQLite ${version}, which can lose events when another program, such as the sqlite3 shell, has the file open at the same time; keep others away from it, or use a Node.js with SQLite ${needed} or newer`,
  ];
}
