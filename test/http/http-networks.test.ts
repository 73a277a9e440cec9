import { createServer, type LookupFunction } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import type { HttpTransportOptions } from '../../src/http.ts';
import { connectionsTo, httpReceiver, httpTransport, listening } from './receivers.ts';
import { codeOf, send } from './sending.ts';
import { HttpTransport } from './transport.ts';

function receiver() {
  return httpReceiver((_, response) => response.end());
}

/** A lookup that finds these addresses, one list after another. */
function finding(...answers: readonly (readonly string[])[]): LookupFunction {
  let count = 0;
  return (_hostname, _options, callback) => {
    const addresses = answers[Math.min(count++, answers.length - 1)] ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

describe('an address outside the allowed networks is ADDRESS_BLOCKED, and nothing connects to it', () => {
  const allowedNetworks = ['public'];

  it('as host', async () => {
    const receiving = await receiver();
    const { port } = new URL(receiving.url);
    expect(await send(httpTransport({ allowedNetworks }), { url: `http://127.1:${port}/` })).toEqual({
      outcome: 'failed',
      error: {
        code: 'ADDRESS_BLOCKED',
        message: `127.0.0.1:${port} is at an address outside the allowed networks (ADDRESS_BLOCKED)`,
      },
    });
    expect(await connectionsTo(receiving)).toBe(0);
  });

  it.each(['http', 'https'])('behind a name, with %s', async (scheme) => {
    const receiving = await receiver();
    const { port } = new URL(receiving.url);
    const transport = httpTransport({ allowedNetworks, lookup: finding(['127.0.0.1', '::1']) });
    const result = await send(transport, { url: `${scheme}://crm.example.com:${port}/` });
    expect(codeOf(result)).toBe('ADDRESS_BLOCKED');
    expect(await connectionsTo(receiving)).toBe(0);
  });

  it.each(['localhost', 'LOCALHOST'])('behind the name the system knows: %s', async (name) => {
    const receiving = await receiver();
    const result = await send(httpTransport({ allowedNetworks }), {
      url: `http://${name}:${new URL(receiving.url).port}/`,
    });
    expect(codeOf(result)).toBe('ADDRESS_BLOCKED');
    expect(await connectionsTo(receiving)).toBe(0);
  });

  it('among others of the same name: only the allowed ones are dialled', async () => {
    const receiving = await receiver();
    const transport = httpTransport({
      allowedNetworks: ['127.0.0.1'],
      lookup: finding(['127.0.0.2', '127.0.0.1', '::1']),
    });
    const result = await send(transport, { url: `http://crm.example.com:${new URL(receiving.url).port}/` });
    expect(result.outcome).toBe('delivered');
    expect(receiving.requests[0]?.head.socket.localAddress).toBe('127.0.0.1');
  });

  it('however the name is answered the next time: it is looked up once for each connection', async () => {
    const receiving = await receiver();
    const lookup = vi.fn(finding(['127.0.0.2'], ['127.0.0.1']));
    const transport = httpTransport({ allowedNetworks: ['127.0.0.2'], lookup });
    const target = { url: `http://crm.example.com:${new URL(receiving.url).port}/` };
    expect(codeOf(await send(transport, target))).toBe('CONNECT_REFUSED');
    expect(lookup).toHaveBeenCalledTimes(1);
    expect(codeOf(await send(transport, target))).toBe('ADDRESS_BLOCKED');
    expect(await connectionsTo(receiving)).toBe(0);
  });

  it.each(['http', 'https'])('when it is dialled in spite of the lookup: no byte of %s is sent', async (scheme) => {
    const received = Promise.withResolvers<number>();
    const server = createServer((socket) => {
      socket.on('error', () => {}).on('close', () => received.resolve(socket.bytesRead));
      socket.resume();
    });
    const { port } = new URL(`http://${await listening(server)}`);
    let reads = 0;
    const changing = {
      family: 4,
      get address() {
        return ++reads === 1 ? '127.0.0.2' : '127.0.0.1';
      },
    };
    const transport = httpTransport({
      allowedNetworks: ['127.0.0.2'],
      lookup: (_hostname, _options, callback) => callback(null, [changing]),
    });
    const result = await send(transport, { url: `${scheme}://crm.example.com:${port}/` });
    expect(codeOf(result)).toBe('ADDRESS_BLOCKED');
    expect(await received.promise).toBe(0);
  });
});

describe('an address inside the allowed networks is reached', () => {
  it.each<[allowed: HttpTransportOptions['allowedNetworks']]>([['any'], [['loopback']], [['127.0.0.0/8']]])(
    'with %j',
    async (allowedNetworks) => {
      const { url } = await receiver();
      expect((await send(httpTransport({ allowedNetworks }), { url })).outcome).toBe('delivered');
    },
  );

  it('by a lookup that says with undefined that it did not fail', async () => {
    const { url } = await receiver();
    const lookup = ((_hostname, _options, callback) =>
      callback(undefined as unknown as null, [{ address: '127.0.0.1', family: 4 }])) as LookupFunction;
    const transport = httpTransport({ allowedNetworks: ['loopback'], lookup });
    expect((await send(transport, { url: url.replace('127.0.0.1', 'host.example') })).outcome).toBe('delivered');
  });

  it('by a lookup that answers with one address', async () => {
    const { url } = await receiver();
    const lookup: LookupFunction = (_hostname, _options, callback) => callback(null, '127.0.0.1', 4);
    const transport = httpTransport({ allowedNetworks: ['loopback'], lookup });
    const result = await send(transport, { url: `http://crm.example.com:${new URL(url).port}/` });
    expect(result.outcome).toBe('delivered');
  });
});

describe('a wrong option is refused', () => {
  it.each<[options: unknown, code: string, field: string]>([
    [{ allowedNetworks: ['public', 'intranet'] }, 'ERR_CONFIG_VALUE', 'allowedNetworks[1]'],
    [{ allowedNetworks: 'everywhere' }, 'ERR_CONFIG_VALUE', 'allowedNetworks'],
    [{ lookup: 'system' }, 'ERR_CONFIG_VALUE', 'lookup'],
    [{ allowedNetwork: 'any' }, 'ERR_CONFIG_UNKNOWN_OPTION', 'allowedNetwork'],
  ])('%j', (options, code, field) => {
    expect(() => new HttpTransport(options as HttpTransportOptions)).toThrow(expect.objectContaining({ code, field }));
  });
});

describe('a lookup of the host that fails', () => {
  it.each(['UND_ERR_SOCKET', 'UND_ERR_INFO', 'EUNKNOWN', null, 17, undefined])(
    'with the code %s is asked once, and the attempt fails',
    async (code) => {
      const lookup = vi.fn<LookupFunction>((_hostname, _options, callback) =>
        callback(Object.assign(new Error('no'), { code }) as NodeJS.ErrnoException, []),
      );
      const transport = httpTransport({ allowedNetworks: ['loopback'], lookup });
      expect(codeOf(await send(transport, { url: 'http://host.example/', timeout: 5_000 }))).toBe('CONNECT_FAILED');
      expect(lookup).toHaveBeenCalledTimes(1);
    },
  );
});
