import { readFileSync, writeFileSync } from 'node:fs';
import { withTestFiles } from './fault-table.ts';

// Run it after tests were added or renamed: it writes into docs/faults.md where each fault is tried.
const file = new URL('../../docs/faults.md', import.meta.url);
writeFileSync(file, withTestFiles(readFileSync(file, 'utf8')));
