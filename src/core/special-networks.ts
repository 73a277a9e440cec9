/** The networks that settings can call by name, besides `'public'`. */
export const namedNetworks: ReadonlyMap<string, readonly string[]> = new Map([
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7']],
  ['loopback', ['127.0.0.0/8', '::1']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
]);

/**
 * Where clouds answer their own machines: keys and passwords for whoever asks. In no network that has a name, so that
 * opening `'private'` or `'link-local'` does not open these; Azure's looks like a public address.
 */
export const cloudMetadata = [
  ...['169.254.169.254', '169.254.170.2', '169.254.170.23', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
  ...['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254', 'fd00:c1::a9fe:a9fe', 'fd00:42::42'],
];

/** What the registries hand out for the public internet … */
export const unicast = ['0.0.0.0/0', '2000::/3'];

/** … and what of all addresses is for something else (the special-purpose registries of IANA), by what that is. */
export const specialNetworks: ReadonlyMap<string, readonly string[]> = new Map([
  ['unspecified', ['0.0.0.0/8', '::']],
  ['for documentation', ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20']],
  ['for benchmarks', ['198.18.0.0/15', '2001:2::/48']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  ['reserved', ['240.0.0.0/4', 'fec0::/10']],
  // IPv4-compatible, IPv4-translated, NAT64, Teredo, 6to4 and its relays: the way goes to the IPv4 address inside.
  [
    'a way to an IPv4 address',
    ['::/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16', '192.88.99.0/24'],
  ],
  // Protocol assignments, AS112, AMT, discarding, segment routing.
  [
    'for special use',
    [
      ...['192.0.0.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.175.48.0/24'],
      ...['2001::/23', '2620:4f:8000::/48', '100::/64', '100:0:0:1::/64', '5f00::/16'],
    ],
  ],
]);
