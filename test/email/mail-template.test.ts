import { describe, expect, it } from 'vitest';
import { defineEvents, event, eventMeta, typesFor } from '../../src/core/catalog.ts';
import type { Json } from '../../src/core/json.ts';
import { macrosFor } from '../../src/core/macros.ts';
import type { EmailTemplate } from '../../src/core/recipient.ts';
import { supportSessionEvents } from '../../src/core/support-session.ts';
import { macroValues } from '../../src/email/macro-values.ts';
import { mailTemplate } from '../../src/email/mail-template.ts';
import { events } from './sending.ts';

function read(own: EmailTemplate, type = 'opened') {
  const macros = macrosFor(events, type).map(({ name }) => name);
  return mailTemplate(eventMeta(events, type), macros, own);
}

function shown(text: string, data: Record<string, Json> = {}): string {
  return read({ text })(valuesOf(data)).text;
}

function valuesOf(data: Record<string, Json>): unknown {
  return macroValues({ event: 'opened', version: '1', timestamp: 5, data }, 'Managers');
}

function refusal(own: EmailTemplate, type?: string): string {
  try {
    read(own, type);
  } catch (error) {
    const { code, field, message } = error as { code: string; field: string; message: string };
    expect(code).toBe('ERR_TEMPLATE');
    expect(message.startsWith(`${field} cannot be used: `)).toBe(true);
    return message;
  }
  throw new Error('accepted');
}

describe('a template', () => {
  it.each<[string, string, Record<string, Json>, string]>([
    [
      'macros',
      '{{door}}, {{ door }}, {{event}} {{version}} {{timestamp}} {{recipient}}',
      { door: 'A' },
      'A, A, opened 1 5 Managers',
    ],
    [
      'no escaping in plain text',
      '{{door}} {{{door}}} {{&door}}',
      { door: '<&"\'`=>' },
      `${'<&"\'`=> '.repeat(3).trim()}`,
    ],
    ['nothing for a variable that is not there, or null', '[{{door}}{{link}}]', { link: null }, '[]'],
    ['numbers and booleans', '{{door}} {{link}}', { door: 0, link: false }, '0 false'],
    [
      'JSON for lists and objects',
      '{{visitors}} {{details}}',
      { visitors: [1, [2]], details: { a: { b: 1 } } },
      '[1,[2]] {"a":{"b":1}}',
    ],
    ['parts of an object', '{{details.a.b}}{{details.none.b}}', { details: { a: { b: 1 } } }, '1'],
    ['if and else', '{{#if door}}{{door}}{{else if link}}{{link}}{{else}}-{{/if}}', { link: 'L' }, 'L'],
    ['unless', '{{#unless door}}closed{{/unless}}', {}, 'closed'],
    ['with', '{{#with details}}{{a}} {{../door}}{{else}}-{{/with}}', { details: { a: 1 }, door: 'D' }, '1 D'],
    [
      'each',
      '{{#each visitors}}{{@index}}{{#if @last}}.{{/if}} {{name}}{{else}}nobody{{/each}}',
      { visitors: [{ name: 'x' }, { name: 'y' }] },
      '0 x1. y',
    ],
    [
      'each with names for its items',
      '{{#each details as |value key|}}{{key}}={{value}};{{/each}}',
      { details: { a: 1, b: 2 } },
      'a=1;b=2;',
    ],
    [
      'the root from inside a block',
      '{{#each visitors}}{{this}}{{@root.door}} {{/each}}',
      { visitors: [1, 2], door: 'D' },
      '1D 2D ',
    ],
    ['comments', 'a{{! not shown }}b', {}, 'ab'],
    ['an escaped macro', 'a \\{{door}}', {}, 'a {{door}}'],
  ])('can show %s', (_what, text, data, expected) => {
    expect(shown(text, data)).toBe(expected);
  });

  it.each([
    [
      'an unknown macro',
      '\n\n{{dor}}',
      'line 3: dor is not a macro of this event; allowed are door, visitors, link, details, event, version, timestamp, recipient',
    ],
    ['an unknown macro in a block', '{{#if dor}}{{/if}}', 'line 1: dor is not a macro of this event'],
    ['an unknown macro in the other branch', '{{#if door}}{{else}}\n{{dor}}{{/if}}', 'line 2: dor is not a macro'],
    [
      'an unknown macro of the event, named from inside a block',
      '{{#each visitors}}{{../dor}}{{/each}}',
      'dor is not a macro',
    ],
    ['an unknown macro of the root', '{{@root.dor}}', 'dor is not a macro'],
    ['an unknown macro under this', '{{this.dor}}', 'dor is not a macro'],
    ['a name of JavaScript', '{{constructor}}', 'constructor is not a macro'],
    ['a name a block has given, outside of it', '{{#each visitors as |v|}}{{/each}}{{v}}', 'v is not a macro'],
    ['the whole event', '{{this}}', 'this is the whole event'],
    ['the whole root', '{{#each visitors}}{{@root}}{{/each}}', '@root is the whole event'],
    ['something above the event', '{{../door}}', '../door leads out of the event'],
    ['a loop variable outside of a loop', '{{#with details}}{{@index}}{{/with}}', '@index is not known'],
    ['another data variable', '{{#each visitors}}{{@loops}}{{/each}}', '@loops is not known'],
    [
      'a helper',
      '{{uppercase door}}',
      'a macro takes no arguments, and there are no helpers but the blocks if, unless, each, with',
    ],
    ['a helper with named arguments', '{{door size=1}}', 'a macro takes no arguments'],
    ['the log helper', '{{log "x"}}', 'a macro takes no arguments'],
    ['a block without an argument', '{{#if}}{{/if}}', 'if takes one macro, such as {{#if name}}'],
    ['a block with two arguments', '{{#if door link}}{{/if}}', 'if takes one macro'],
    ['a block with a named argument', '{{#if door includeZero=true}}{{/if}}', 'if takes one macro'],
    ['a block used as a macro', '{{if}}', 'if is a block; write {{#if …}}'],
    ['another block', '{{#door}}{{/door}}', 'door is not a block; there are if, unless, each, with'],
    ['an inverted block', '{{^door}}{{/door}}', 'door is not a block'],
    ['a raw block', '{{{{raw}}}}{{{{/raw}}}}', 'raw is not a block'],
    ['an expression', '{{#if (lookup details door)}}{{/if}}', 'an expression stands where only a macro can'],
    ['a value', '{{"door"}}', 'a value or an expression stands'],
    ['a partial', '{{> header}}', 'there are no partials and no decorators'],
    ['a dynamic partial', '{{> (lookup . "door")}}', 'there are no partials'],
    ['a block partial', '{{#> header}}{{/header}}', 'there are no partials'],
    ['a decorator', '{{* inline}}', 'there are no partials and no decorators'],
    ['an inline partial', '{{#*inline "x"}}{{/inline}}', 'there are no partials'],
    ['a macro that is not closed', 'a\n{{door', 'line 2: the template cannot be read here'],
    ['a block that is not closed', '{{#if door}}\n', 'line 2: the template cannot be read here'],
    ['a block that another one closes', 'a\n{{#if door}}{{/each}}', 'line 2: the template cannot be read here'],
    ['an empty macro', '{{}}', 'line 1: the template cannot be read here'],
    ['more tags than anybody writes', '{{#if door}}'.repeat(501) + '{{/if}}'.repeat(501), 'it holds more than 1000 {{'],
  ])('is refused with %s', (_what, text, problem) => {
    expect(refusal({ text })).toContain(problem);
  });

  it('is refused with the name of its part', () => {
    expect(refusal({ subject: '{{dor}}' })).toMatch(/^events\.opened\.subject cannot be used: line 1: dor /);
    expect(refusal({ html: '<p>\n{{dor}}</p>' })).toMatch(/^events\.opened\.html cannot be used: line 2: dor /);
  });

  it('is refused when it is the parsed form of a template, which handlebars would run', () => {
    const program = { type: 'Program', body: [], loc: { start: { line: 1 } } };
    expect(refusal({ text: program as unknown as string })).toContain('a template is text');
  });

  it('may use any name where the event type does not declare its variables', () => {
    const { text } = read(
      { text: '{{anything}} {{log}} {{lookup}} {{helperMissing}}' },
      'undeclared',
    )(valuesOf({ anything: 1, log: 2, lookup: 3, helperMissing: 4 }));
    expect(text).toBe('1 2 3 4');
  });

  it('sees what is in the data and nothing that JavaScript adds to it', () => {
    const names = [
      'constructor',
      'constructor.name',
      '__proto__',
      '__proto__.length',
      'toString',
      'hasOwnProperty',
      '__defineGetter__',
      'length',
      'map',
    ];
    const text = ['', 'details.', 'visitors.', 'door.']
      .flatMap((of) => names.map((name) => `{{${of}${name}}}`))
      .join('');
    const data = { details: {}, visitors: [1, 2, 3], door: 'four' };
    // A list knows its length, and a text too; both are data.
    expect(read({ text }, 'undeclared')(valuesOf(data)).text).toBe('34');
  });

  it('treats names from JavaScript in the data as data', () => {
    const data = JSON.parse(
      '{"details":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toHTML":5}}',
    );
    expect(shown('{{details.constructor.prototype.polluted}} {{details.__proto__.polluted}}', data)).toBe('1 1');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('is no longer read as one once data stands in it', () => {
    expect(shown('{{door}}', { door: '{{link}} {{#if x}}' })).toBe('{{link}} {{#if x}}');
  });

  it.each([
    [
      'rounds',
      '{{#each visitors}}{{#each ../visitors}}{{#each ../../visitors}}{{/each}}{{/each}}{{/each}}',
      Array(1000).fill(1),
    ],
    ['text', '{{#each visitors}}{{@root.link}}{{/each}}', Array(1000).fill(1)],
  ])('is stopped when its loops put out too many %s', (_what, text, visitors) => {
    const template = read({ text });
    expect(() => template(valuesOf({ visitors, link: 'x'.repeat(1000) }))).toThrow(
      'events.opened.text cannot be used: its loops put out too much',
    );
    expect(template(valuesOf({ visitors: visitors.slice(0, 5), link: 'x' })).text).toMatch(/^x*$/);
  });
});

describe('the default mail', () => {
  it.each(typesFor(supportSessionEvents, 'email'))('of %s can be made, also when only the session is known', (type) => {
    const macros = macrosFor(supportSessionEvents, type).map(({ name }) => name);
    const template = mailTemplate(eventMeta(supportSessionEvents, type), macros, {});
    const { subject, text } = template(valuesOf({ lsid: 'a1b2' }));
    expect(`${subject}\n${text}`).toMatch(/^[^{]*a1b2[^{]*$/);
    expect(text).not.toContain('External key');
    expect(template(valuesOf({ lsid: 'a1b2', external_key: 'T-5' })).text).toContain('External key: T-5\n');
  });

  it('of an event type that says nothing about it lists the variables', () => {
    const catalog = defineEvents({
      moved: event({ label: 'Moved', variables: { from: 'Place', 'new-place': 'Place' } }),
    });
    const macros = macrosFor(catalog, 'moved').map(({ name }) => name);
    expect(mailTemplate(eventMeta(catalog, 'moved'), macros, {})(valuesOf({ from: 'A', 'new-place': 'B' }))).toEqual({
      subject: 'Moved',
      text: 'Moved\n\nfrom: A\nnew-place: B\n',
      html: null,
    });
  });
});

describe('a subject', () => {
  it.each([
    ['keeps to one line', 'a\r\nb\n\nc\u2028d\u2029e\u0085f\tg\0h\x7fi', 'a b c d e f g h i'],
    ['has no blanks around it', '\n  a  \r\n', 'a'],
    ['is cut after 200 characters', 'x'.repeat(300), 'x'.repeat(200)],
    ['is not cut inside a character', '😀'.repeat(300), '😀'.repeat(200)],
  ])('%s', (_what, door, expected) => {
    expect(read({ subject: '{{door}}' })(valuesOf({ door })).subject).toBe(expected);
  });
});

describe('an HTML text', () => {
  function html(source: string, data: Record<string, Json> = {}): string | null {
    return read({ html: source })(valuesOf(data)).html;
  }

  it.each([
    ['text', '<p>{{door}}</p>', '<p>&lt;b&gt;&amp;&quot;&#x27;&#x60;&#x3D;</p>'],
    ['a quoted attribute', '<p title="{{door}}">', '<p title="&lt;b&gt;&amp;&quot;&#x27;&#x60;&#x3D;">'],
    ['a comment', '<!-- {{door}} -->', '<!-- &lt;b&gt;&amp;&quot;&#x27;&#x60;&#x3D; -->'],
  ])('has data escaped in %s', (_where, source, expected) => {
    expect(html(source, { door: '<b>&"\'`=' })).toBe(expected);
  });

  it.each([
    ['text', 'a {{door}} b'],
    ['text after a tag', '<p class=x>{{door}}</p><br/>{{door}}<img src="x">{{door}}'],
    ['text after less-than signs', 'a < b << 3 {{door}}'],
    ['attributes in either quotes', `<p title="a {{door}}" lang='{{door}}'>`],
    ['an attribute after spaces', '<p title = "{{door}}">'],
    ['a quoted value with the other quote and signs of tags', `<p title="it's > {{door}}">`],
    ['an address after its scheme', '<a href="https://x.test/?d={{door}}">{{door}}</a><a HREF=\'mailto:{{door}}\'>'],
    ['a comment, and after it', '<!-- <p title={{door}} --><!-- a -- b -->{{door}}<!-->{{door}}-->'],
    ['the document type, and after it', '<!DOCTYPE html>{{door}}<?xml ?>{{door}}'],
    ['text after a style', '<style>a > b { color: red }</style>{{door}}<script>if (a</b) {}</script >{{door}}'],
    ['blocks around whole tags', '{{#if door}}<p title="{{door}}">{{else}}<p>{{/if}}{{door}}</p>'],
    ['blocks around attributes', '<p {{#if door}}title="{{door}}"{{/if}} lang="{{door}}">{{door}}'],
    ['blocks in a value', '<p title="{{#each visitors}}{{this}} {{/each}}">'],
    ['an address in each branch', '<a href="{{#if link}}https://{{link}}{{else}}https://x.test{{/if}}">'],
  ])('may have macros in %s', (_where, source) => {
    expect(html(source, { door: 'D', visitors: [1] })).toEqual(expect.any(String));
  });

  it.each([
    ['an unescaped macro', '<p>{{{door}}}</p>', 'would let event data be markup'],
    ['another unescaped macro', '<p>{{&door}}</p>', 'would let event data be markup'],
    ['a value without quotes', '<p title={{door}}>', 'must stand in quotes'],
    ['a value without quotes that has begun', '<p title=a{{door}}>', 'must stand in quotes'],
    ['a value without quotes in a block', '<p title={{#if door}}{{door}}{{/if}}>', 'must stand in quotes'],
    ['the name of a tag', '<{{door}}>', 'cannot be the name'],
    ['the rest of the name of a tag', '<h{{door}}>', 'cannot be the name'],
    ['the name of a closing tag', '</{{door}}>', 'cannot be the name'],
    ['an attribute', '<p {{door}}>', 'cannot be the name'],
    ['an attribute after one with a value', '<p a="b"{{door}}>', 'cannot be the name'],
    ['an attribute after one without quotes', '<p a=b {{door}}>', 'cannot be the name'],
    ['an attribute after a slash', '<br/{{door}}>', 'cannot be the name'],
    ['an event handler', '<p onclick="a({{door}})">', 'cannot stand in onclick'],
    ['a style', '<p STYLE="color: {{door}}">', 'cannot stand in style'],
    ['a style element', '<style>{{door}}</style>', 'cannot stand inside style'],
    ['a script', '<script type="a">let a = "</p>{{door}}"</script>', 'cannot stand inside script'],
    ['a whole address', '<a href="{{link}}">', 'must begin with https:'],
    ['the scheme of an address', '<a href="java{{link}}">', 'must begin with https:'],
    ['an address after a dangerous scheme', '<a href=" javascript:{{link}}">', 'must begin with https:'],
    ['the address of a picture', '<img alt="x" src="{{link}}">', 'must begin with https:'],
    [
      'an address that only one branch makes safe',
      '<a href="{{#if door}}https://{{/if}}{{link}}">',
      'must begin with https:',
    ],
    ['an attribute whose name a block makes', '<a {{#if door}}href{{/if}}="{{link}}">', 'whose name a block makes'],
    ['an attribute whose name a block begins', '<p {{#if door}}on{{/if}}click="{{link}}">', 'whose name a block makes'],
    [
      'an attribute whose name goes on in a block',
      '<p on{{#if door}}click="{{link}}"{{/if}}>',
      'cannot stand in onclick',
    ],
    ['a block that opens a tag', '{{#if door}}<p {{/if}}', 'must end inside the same tag or value'],
    ['a block that ends a value', '<p title="{{#if door}}"{{/if}}', 'must end inside the same tag or value'],
    ['a block that is a name', '<{{#if door}}p{{/if}}>', 'must end inside the same tag or value'],
    ['a block that ends a comment', '<!--{{#if door}}-->{{/if}}', 'must end inside the same tag or value'],
    ['a block that ends differently', '<p {{#if door}}a="{{else}}b{{/if}}', 'must end inside the same tag or value'],
  ])('cannot have a macro as %s', (_where, source, problem) => {
    expect(refusal({ html: source })).toContain(problem);
  });
});
