// How long the import of a module takes, in a process that has loaded nothing else.
import { answerWith } from '../apart.ts';

export interface ImportPlan {
  readonly specifier: string;
}

answerWith(async ({ specifier }: ImportPlan): Promise<number> => {
  const begun = performance.now();
  await import(specifier);
  return performance.now() - begun;
});
