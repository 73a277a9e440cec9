// Prints the sum of Vitest's reports as the line `N passed, N failed`. Exits with 1 when no test ran.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const folder = 'test-results';
const files = existsSync(folder) ? readdirSync(folder) : [];
const reports = files.map((file) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')));
const sum = (count) => reports.reduce((total, report) => total + report[count], 0);

const passed = sum('numPassedTests');
const skipped = sum('numPendingTests') + sum('numTodoTests');
console.log(`${passed} passed, ${sum('numFailedTests')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = passed > 0 ? 0 : 1;
