const headers = { 'content-type': 'application/x-www-form-urlencoded' };

/** How each client posts a form as outbound-events does, and reads the answer whole. Only the one that is used is loaded. */
const posts = {
  got: async () => {
    const { default: got } = await import('got');
    return (url, form) => got.post(url, { form, retry: { limit: 0 }, followRedirect: false, decompress: false });
  },
  undici: async () => {
    const { request } = await import('undici');
    return async (url, form) => {
      const body = new URLSearchParams(form).toString();
      const answer = await request(url, { method: 'POST', headers, body });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
    };
  },
};

/** Posts to the receiver by the client that a contestant is given. */
export async function poster({ url, client }) {
  const post = await posts[client]();
  return (form) => post(url, form);
}
