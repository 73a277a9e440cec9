import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/**
 * Has a program of `children/` measure in a process of its own.
 * @param wrapper a program, with its arguments, that runs it: `strace`.
 */
export async function measureApart<Plan extends object, Figures>(
  program: string,
  plan: Plan,
  wrapper: readonly string[] = [],
): Promise<Figures> {
  const [execPath = process.execPath, ...execArgv] = [...wrapper, process.execPath];
  const child = fork(join(import.meta.dirname, 'children', `${program}.ts`), { execPath, execArgv });
  const ended = once(child, 'exit');
  child.send(plan);
  const [figures] = (await Promise.race([
    once(child, 'message'),
    ended.then(() => Promise.reject(new Error(`no figures of ${program} ${JSON.stringify(plan).slice(0, 200)}`))),
  ])) as [Figures];
  await ended;
  return figures;
}

/** In that process: answers with what `measure` finds, and ends. */
export function answerWith<Plan extends object, Figures>(measure: (plan: Plan) => Promise<Figures>): void {
  // Nobody is there to be told any more.
  process.once('disconnect', () => process.exit());
  process.once('message', (plan: Plan) => {
    measure(plan).then(
      (figures) => process.send?.(figures, () => process.exit()),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
