// The ceiling: nothing is stored, as many requests under way as there may be.
import { poster } from './post.mjs';

export default async function enter(setup) {
  const post = await poster(setup);
  let waiting = 0;
  let underWay = 0;
  let delivered = null;
  const loop = async () => {
    underWay += 1;
    while (waiting > 0) {
      waiting -= 1;
      await post(setup.data);
      delivered();
    }
    underWay -= 1;
  };
  const loopAsNeeded = () => {
    while (delivered !== null && waiting > 0 && underWay < setup.concurrency) void loop();
  };
  return {
    emit: async () => {
      waiting += 1;
      loopAsNeeded();
    },
    start: async (each) => {
      delivered = each;
      loopAsNeeded();
    },
    stop: async () => {},
  };
}
