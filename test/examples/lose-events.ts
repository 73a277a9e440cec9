import { globSync, rmSync } from 'node:fs';

/** Loaded with `--import` into the quickstart's appliance: at each start its file is gone. */
const file = process.argv[2] ?? '';
if (file.endsWith('.db')) for (const path of globSync(`${file}*`)) rmSync(path);
