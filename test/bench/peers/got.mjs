// The ceiling: nothing is stored, as many requests under way as there are recipients.
import { post } from './post.mjs';

export default async function enter({ url, data, concurrency }) {
  let waiting = 0;
  let delivered = null;
  const loop = async () => {
    while (waiting > 0) {
      waiting -= 1;
      await post(url, data);
      delivered();
    }
  };
  return {
    emit: async () => {
      waiting += 1;
    },
    start: async (each) => {
      delivered = each;
      for (let number = 0; number < concurrency; number += 1) void loop();
    },
    stop: async () => {},
  };
}
