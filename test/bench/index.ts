// `npm run bench`: figures of this machine at this moment. Compare ratios of one run, not times of two.
import { measureBacklog } from './backlog.ts';
import { measureBareGot, measureDelivery, withReceiver } from './deliver.ts';
import { measureEmit } from './emit.ts';

const rounds = 5;
const requests = 4_000;

function table(title: string, rows: readonly object[]): void {
  console.log(`\n${title}`);
  console.table(
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          typeof value === 'number' ? Number(value.toPrecision(3)) : value,
        ]),
      ),
    ),
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const emits = [];
for (const callers of [1, 16, 256]) emits.push(await measureEmit(callers, 3));
table('Durable emit, events of 1 KB', emits);

await withReceiver(async (url) => {
  const ratios: { recipients: number; drain: number; endToEnd: number; bareGotPerSecond: number }[] = [];
  for (const recipients of [1, 16]) {
    for (let round = 0; round < rounds; round += 1) {
      const bare = await measureBareGot(url, recipients, requests);
      const { drain, endToEnd } = await measureDelivery(url, recipients, requests);
      ratios.push({ recipients, drain: drain / bare, endToEnd: endToEnd / bare, bareGotPerSecond: bare });
    }
  }
  const rows = [1, 16].map((recipients) => {
    const mine = ratios.filter((row) => row.recipients === recipients);
    return {
      recipients,
      drainToBareGot: median(mine.map(({ drain }) => drain)),
      endToEndToBareGot: median(mine.map(({ endToEnd }) => endToEnd)),
      bareGotPerSecond: median(mine.map(({ bareGotPerSecond }) => bareGotPerSecond)),
    };
  });
  table(`Delivery: ratio to a bare got loop with as many in flight, median of ${rounds} alternating rounds`, rows);
});

table('A backlog waiting at the start', [await measureBacklog(1_000), await measureBacklog(1_000_000)]);
