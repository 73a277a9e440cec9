import got from 'got';

/** As outbound-events posts. */
export function post(url, form) {
  return got.post(url, { form, retry: { limit: 0 }, followRedirect: false, decompress: false });
}
