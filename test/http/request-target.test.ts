import { describe, expect, it } from 'vitest';
import { requestTarget } from '../../src/http/request-target.ts';

describe('path and query', () => {
  it.each([
    ['https://crm.example.com', '/'],
    ['https://crm.example.com/', '/'],
    ['https://crm.example.com?appliance_id=7', '/?appliance_id=7'],
    ['https://crm.example.com/hook?appliance_id=7&token=a%2fb', '/hook?appliance_id=7&token=a%2fb'],
    ["https://crm.example.com/it's?q='a'|b", "/it's?q='a'|b"],
    ['https://crm.example.com/a/../b/./c//d', '/a/../b/./c//d'],
    ['https://crm.example.com//other.example.com/', '//other.example.com/'],
    ['https://crm.example.com/?q="<>`{}^[]\\', '/?q="<>`{}^[]\\'],
    ['https://crm.example.com/?%zz=%', '/?%zz=%'],
    ['https://crm.example.com/?', '/?'],
    ['HTTPS://user:secret@CRM.example.com:8443/Hook?A=B', '/Hook?A=B'],
    ['http://[::1]:8080/hook', '/hook'],
  ])('of %s go out as they were given: %s', (url, path) => {
    expect(requestTarget(url).path).toBe(path);
  });

  it.each([
    ['https://crm.example.com/a b?c d', '/a%20b?c%20d'],
    ['https://crm.example.com/größe?q=ü', '/gr%C3%B6%C3%9Fe?q=%C3%BC'],
    ['https://crm.example.com/a\tb', '/ab'],
    [' https://crm.example.com/a', '/a'],
    ['https:\\\\crm.example.com\\a', '/a'],
    ['https:crm.example.com/a', '/a'],
  ])('of %j are encoded, because they cannot stand on a request line: %s', (url, path) => {
    expect(requestTarget(url).path).toBe(path);
  });

  it('are without the fragment', () => {
    expect(requestTarget('https://crm.example.com/hook?a=1#secret?b').path).toBe('/hook?a=1');
    expect(requestTarget('https://crm.example.com#secret').path).toBe('/');
  });
});

describe('credentials in the URL', () => {
  it.each([
    ['https://user:secret@crm.example.com/', 'user:secret'],
    ['https://user@crm.example.com/', 'user:'],
    ['https://:secret@crm.example.com/', ':secret'],
    ['https://us%40er:p%3Ass%C3%BC@crm.example.com/', 'us@er:p:ssü'],
    ['https://user:100%@crm.example.com/', 'user:100%'],
  ])('of %s become a header: Basic %s', (url, credentials) => {
    expect(requestTarget(url).authorization).toBe(`Basic ${Buffer.from(credentials).toString('base64')}`);
  });

  it('are no header when there are none', () => {
    expect(requestTarget('https://crm.example.com/').authorization).toBeUndefined();
  });
});

describe('what others see of the URL', () => {
  it.each([
    ['https://user:secret@crm.example.com/hook?token=x', 'crm.example.com:443'],
    ['http://crm.example.com/hook', 'crm.example.com:80'],
    ['http://CRM.example.com:8080', 'crm.example.com:8080'],
    ['http://[::1]/', '[::1]:80'],
    ['http://0x7f.1/', '127.0.0.1:80'],
  ])('of %s is, for people, %s', (url, host) => {
    expect(requestTarget(url).host).toBe(host);
  });

  it('is the origin alone for whoever connects', () => {
    expect(requestTarget('https://user:secret@crm.example.com:8443/hook?token=x#y').origin.href).toBe(
      'https://crm.example.com:8443/',
    );
  });
});
