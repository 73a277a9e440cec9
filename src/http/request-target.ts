/** Where a request goes, as the connection and the request line need it. */
export interface RequestTarget {
  readonly protocol: 'http:' | 'https:';
  /** The origin alone, so that nothing that sees it can show credentials, path or query. */
  readonly origin: URL;
  /** Path and query for the request line. */
  readonly path: string;
  /** The credentials of the URL, as a header. */
  readonly authorization: string | undefined;
  /** `host:port` for people: all that messages may show of a URL. */
  readonly host: string;
}

/** Takes a recipient's URL apart. Path and query stay byte for byte as they were given; the fragment is left out. */
export function requestTarget(text: string): RequestTarget {
  const url = new URL(text);
  const isSecure = url.protocol === 'https:';
  return {
    protocol: isSecure ? 'https:' : 'http:',
    origin: new URL(url.origin),
    path: givenPath(text) ?? `${url.pathname}${url.search}`,
    authorization: basicAuthorization(url),
    host: `${url.hostname}:${url.port || (isSecure ? '443' : '80')}`,
  };
}

/** `null` when what was given cannot stand on a request line: it holds spaces or characters outside ASCII. */
function givenPath(text: string): string | null {
  const [, path] = /^https?:\/\/[^/?#\\]+([^#]*)/i.exec(text) ?? [];
  if (path === undefined || !/^(?:[/?][\x21-\x7e]*)?$/.test(path)) return null;
  return path.startsWith('/') ? path : `/${path}`;
}

function basicAuthorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const credentials = Buffer.from(`${percentDecoded(username)}:${percentDecoded(password)}`);
  return `Basic ${credentials.toString('base64')}`;
}

/** A `%` that encodes nothing is meant as it stands. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
