import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    sqlite: 'src/sqlite.ts',
    postgres: 'src/postgres.ts',
    http: 'src/http.ts',
    undici: 'src/undici.ts',
    email: 'src/email.ts',
    testing: 'src/testing.ts',
    command: 'src/command/main.ts',
    'sqlite-worker': 'src/sqlite/worker.ts',
  },
  format: 'esm',
  platform: 'node',
  target: 'es2023',
  // What a dynamic import() brings stays a file of its own: got, nodemailer and handlebars are loaded when needed.
  splitting: true,
  clean: true,
  silent: true,
  // `node:sqlite` has no name without its protocol.
  removeNodeProtocol: false,
  onSuccess: async () => writeDeclarations(),
});

/** tsup's own declarations need the compiler API that TypeScript 7 no longer has, so its `tsc` writes them. */
function writeDeclarations(): void {
  execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  for (const file of globSync('dist/**/*.d.ts')) {
    const text = readFileSync(file, 'utf8');
    // `./clock.ts` as in the source; tools that read declarations look for `./clock.js`.
    writeFileSync(file, text.replace(/(?<=\b(?:from |import\()['"]\.[^'"]*)\.ts(?=['"])/g, '.js'));
  }
}
