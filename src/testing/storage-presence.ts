import { strict as assert } from 'node:assert';
import type { StorageTests } from './storage-subject.ts';

/** What is said about who is there to work on queues, and what is left to do. */
export const storagePresenceTests: StorageTests = {
  'holders that announced themselves are counted, each once': async (subject) => {
    const { storage } = subject;
    assert.equal((await storage.announce('holder-a', subject.lasting())).holders, 1);
    assert.equal((await storage.announce('holder-b', subject.lasting())).holders, 2);
    assert.equal((await storage.announce('holder-a', subject.lasting())).holders, 2);
  },

  'a holder that did not announce itself again in time is not counted': async (subject) => {
    const { storage } = subject;
    await storage.announce('holder-a', subject.lasting(50));
    await subject.passTime(60);
    assert.equal((await storage.announce('holder-b', subject.lasting())).holders, 1);
    assert.equal((await storage.announce('holder-a', subject.lasting())).holders, 2);
  },

  'a holder that announces itself again is there for longer': async (subject) => {
    const { storage } = subject;
    await storage.announce('holder-a', subject.lasting(50));
    await storage.announce('holder-a', subject.lasting());
    await subject.passTime(60);
    assert.equal((await storage.announce('holder-b', subject.lasting())).holders, 2);
  },

  'a holder can take its leave': async (subject) => {
    const { storage } = subject;
    await storage.announce('holder-a', subject.lasting());
    await storage.announce('holder-b', subject.lasting());
    assert.equal((await storage.announce('holder-b', subject.lasting(0))).holders, 1);
    assert.equal((await storage.announce('holder-a', subject.lasting())).holders, 1);
  },

  'queues are free that have no lease, or one that has run out': async (subject) => {
    const { storage } = subject;
    assert.equal((await storage.announce('holder-a', subject.lasting())).free, 0);
    await subject.save('crm', 'erp', 'audit');
    assert.equal((await storage.announce('holder-a', subject.lasting())).free, 3);
    const lease = await subject.lease('crm', 'holder-a');
    await subject.lease('erp', 'holder-b', 10_000);
    assert.equal((await storage.announce('holder-a', subject.lasting())).free, 1);
    await subject.passTime(10_001);
    assert.equal((await storage.announce('holder-a', subject.lasting())).free, 2);
    await storage.release([lease]);
    assert.equal((await storage.announce('holder-a', subject.lasting())).free, 3);
  },

  'to announce oneself takes no lease and loses none': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1');
    const lease = await subject.lease('crm', 'holder-a');
    await subject.storage.announce('holder-b', subject.lasting());
    await subject.storage.announce('holder-a', subject.lasting(0));
    assert.equal((await subject.read(lease)).length, 1);
  },
};
