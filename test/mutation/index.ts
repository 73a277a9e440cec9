// `npm run test:mutation`: changes the sources in every small way, one at a time, and sees whether a test notices. Takes hours;
// `npm run test:mutation -- --mutate src/core/settlement.ts` tries one file in minutes.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const tools = fileURLToPath(new URL('./tools', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
execFileSync('npm', ['ci', '--silent', '--prefer-offline'], { cwd: tools, stdio: 'inherit' });
const stryker = `${tools}/node_modules/@stryker-mutator/core/bin/stryker.js`;
const options = ['run', `${import.meta.dirname}/stryker.config.json`, ...process.argv.slice(2)];
execFileSync(process.execPath, [stryker, ...options], { cwd: root, stdio: 'inherit' });
