import type { QueueStorage } from '../../../src/core/storage.ts';
import { letGoOn, type ModelSubject, outcomeOf } from '../model-subject.ts';
import { type PostgresGround, PostgresProcess } from './postgres-ground.ts';

/** A schema of a PostgreSQL database, for one run. Processes can die, and their connections be cut amid a call. */
export async function postgresSubject(ground: PostgresGround, processes: number): Promise<ModelSubject> {
  await ground.clear();
  const another = async () => ground.process();
  return {
    storage: await another(),
    reopen: another,
    another,
    // What one process may still accept, it counts anew each second: others may have filled it meanwhile.
    exactLimits: processes === 1 ? 'all' : 'deliveries',
    passTime: (ms) => ground.passTime(ms),
    dispose: async () => {},
    async crash(storage) {
      if (storage instanceof PostgresProcess) await storage.kill();
    },
    async interrupt<Answer>(storage: QueueStorage, moment: number, call: () => Promise<Answer>) {
      if (!(storage instanceof PostgresProcess)) return { answer: await call() };
      if (moment % 2 === 1) return storage.losingAnswers(() => outcomeOf(call()));
      const outcome = outcomeOf(call());
      await letGoOn(moment);
      await storage.cutConnections();
      return outcome;
    },
  };
}
