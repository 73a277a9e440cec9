/** An answer as a server may give it, and how its connection goes on. */
export interface RawAnswer {
  readonly bytes: string;
  /** Whether the connection ends after it. */
  readonly ends: boolean;
}

const ok = 'HTTP/1.1 200 OK';

/** Head and body; the length is counted. */
function sized(start: string, body: string, ...headers: readonly string[]): RawAnswer {
  const length = `Content-Length: ${Buffer.byteLength(body, 'latin1')}`;
  return { bytes: [start, ...headers, length, '', body].join('\r\n'), ends: false };
}

/** Head and body in these chunks. */
function chunked(start: string, chunks: readonly string[], ...headers: readonly string[]): RawAnswer {
  const parts = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  const head = [start, ...headers, 'Transfer-Encoding: chunked', '', ''].join('\r\n');
  return { bytes: `${head}${parts.join('')}0\r\n\r\n`, ends: false };
}

/** Head and a body that lasts until the connection ends. */
function untilEnd(start: string, body: string, ...headers: readonly string[]): RawAnswer {
  return { bytes: [start, ...headers, '', body].join('\r\n'), ends: true };
}

const plain = 'Content-Type: text/plain; charset=utf-8';
const json = 'Content-Type: application/json';
const date = 'Date: Thu, 01 Jan 2026 00:00:00 GMT';
const kept = 'Connection: keep-alive';
const closed = 'Connection: close';

/** What servers, proxies and frameworks answer: all of it whole and by the rules, with every kind of framing. */
export const rawAnswers: readonly RawAnswer[] = [
  sized(ok, ''),
  sized(ok, 'ok'),
  sized(ok, 'OK\r\n', plain),
  sized(ok, '{"received":true}', json, date),
  sized(ok, '<html><body>thanks</body></html>', 'Content-Type: text/html', 'Server: nginx'),
  sized(ok, 'ok', kept, 'Keep-Alive: timeout=5, max=100'),
  sized(ok, 'ok', closed),
  sized(ok, 'gr\u00c3\u00b6\u00c3\u009fer', plain),
  sized(ok, '\0\x01\x02\xff\xfe', 'Content-Type: application/octet-stream'),
  sized(ok, 'x'.repeat(1_000), plain),
  sized(ok, 'y'.repeat(5_000), plain, date, 'Vary: Accept'),
  sized(ok, 'z'.repeat(70_000), plain),
  sized(ok, '\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0', 'Content-Encoding: gzip'),
  sized(ok, 'HTTP/1.1 200 OK\r\n\r\n', plain),
  sized(ok, '0\r\n\r\n', plain),
  sized(ok, 'ok', 'Set-Cookie: session=abc; Path=/; HttpOnly', 'Set-Cookie: theme=dark'),
  sized(ok, 'ok', 'X-Empty:', 'X-Spaces:    spaced   ', 'x-lower: a', 'X-UPPER: B'),
  sized(ok, 'ok', `X-Long: ${'v'.repeat(4_000)}`),
  sized(ok, 'ok', ...Array.from({ length: 40 }, (_, index) => `X-Field-${index}: ${index}`)),
  sized(ok, 'ok', 'ETag: "33a64df5"', 'Cache-Control: no-store, max-age=0', 'Expires: 0'),
  sized(ok, 'ok', 'Strict-Transport-Security: max-age=31536000', 'X-Content-Type-Options: nosniff'),
  sized(ok, 'ok', 'Location: /elsewhere'),
  sized(ok, 'ok', 'Link: </style.css>; rel=preload; as=style'),
  sized(ok, 'ok', 'Trailer: X-Checksum'),
  sized('HTTP/1.1 200 ', 'ok'),
  sized('HTTP/1.1 200 Everything is all right', 'ok'),
  sized('HTTP/1.0 200 OK', 'ok'),
  sized('HTTP/1.0 200 OK', 'ok', kept),
  chunked(ok, []),
  chunked(ok, ['ok']),
  chunked(ok, ['one', 'two', 'three'], plain),
  chunked(ok, ['a'.repeat(300), 'b'.repeat(20), 'c'], json),
  chunked(ok, ['x'.repeat(16), 'y'.repeat(4_096)], kept, date),
  chunked(ok, ['\r\n', '0\r\n\r\n'], plain),
  chunked(ok, ['ok'], closed),
  { bytes: `${ok}\r\nTransfer-Encoding: chunked\r\n\r\n2;name=value\r\nok\r\n0\r\n\r\n`, ends: false },
  { bytes: `${ok}\r\nTransfer-Encoding: chunked\r\n\r\n002\r\nok\r\n000\r\n\r\n`, ends: false },
  { bytes: `${ok}\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nX-Checksum: 1f\r\n\r\n`, ends: false },
  { bytes: `${ok}\r\ntransfer-encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n`, ends: true },
  untilEnd(ok, ''),
  untilEnd(ok, 'ok', closed),
  untilEnd(ok, 'x'.repeat(2_000), plain),
  untilEnd('HTTP/1.0 200 OK', 'thanks', 'Server: Apache/1.3'),
  { ...sized(ok, 'ok', closed), ends: true },
  { ...sized('HTTP/1.1 100 Continue', ''), bytes: `HTTP/1.1 100 Continue\r\n\r\n${sized(ok, 'ok').bytes}` },
  { ...sized(ok, 'ok'), bytes: `HTTP/1.1 102 Processing\r\n\r\n${chunked(ok, ['ok']).bytes}` },
  { ...sized(ok, 'ok'), bytes: `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${sized(ok, 'ok').bytes}` },
  { bytes: `HTTP/1.1 100 Continue\r\n\r\n${untilEnd(ok, 'ok').bytes}`, ends: true },
  { ...sized(ok, 'ok'), bytes: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(5) + sized(ok, 'ok').bytes },
  sized('HTTP/1.1 201 Created', '{"id":7}', 'Location: /items/7'),
  sized('HTTP/1.1 202 Accepted', ''),
  { bytes: 'HTTP/1.1 204 No Content\r\n\r\n', ends: false },
  { bytes: 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', ends: false },
  sized('HTTP/1.1 301 Moved Permanently', '', 'Location: https://crm.example.com/'),
  sized('HTTP/1.1 302 Found', 'moved', 'Location: /login'),
  sized('HTTP/1.1 307 Temporary Redirect', '', 'Location: //internal.example.com/'),
  sized('HTTP/1.1 400 Bad Request', '{"error":"no lsid"}', json),
  sized('HTTP/1.1 401 Unauthorized', '', 'WWW-Authenticate: Basic realm="crm"'),
  sized('HTTP/1.1 404 Not Found', 'not found', plain),
  sized('HTTP/1.1 410 Gone', ''),
  chunked('HTTP/1.1 418 I am a teapot', ['short', 'stout']),
  sized('HTTP/1.1 429 Too Many Requests', '', 'Retry-After: 120'),
  sized('HTTP/1.1 500 Internal Server Error', 'Exception in thread "main"', closed),
  untilEnd('HTTP/1.1 502 Bad Gateway', '<html>bad gateway</html>', 'Server: proxy'),
  sized('HTTP/1.1 503 Service Unavailable', '', 'Retry-After: Thu, 01 Jan 2026 00:05:00 GMT', date),
  chunked('HTTP/1.1 504 Gateway Timeout', ['late']),
  sized('HTTP/1.1 599 Network Connect Timeout', ''),
  { bytes: 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n', ends: false },
];
