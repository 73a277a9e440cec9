import { fileURLToPath } from 'node:url';

// Tests start hundreds of processes and threads, each of which would compile the same sources again (about 0.1 s).
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));
