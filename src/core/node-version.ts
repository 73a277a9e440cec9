import { OutboundEventsError } from './errors.ts';

/** The oldest Node.js this package runs on; `engines` in `package.json` says the same. */
const oldest = { major: 22, minor: 13 } as const;

/**
 * Throws `ERR_NODE_VERSION` when `version`, as `process.versions` gives it, is too old: one sentence instead of a
 * stack trace from inside, which would tell nothing.
 */
export function assertNodeVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return;
  const wanted = `${oldest.major}.${oldest.minor}`;
  const error = new OutboundEventsError(
    'ERR_NODE_VERSION',
    `outbound-events needs Node.js ${wanted} or newer; this is Node.js ${version}.`,
  );
  error.stack = String(error);
  throw error;
}
