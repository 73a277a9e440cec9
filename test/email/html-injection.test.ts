import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import { describe, expect, it } from 'vitest';
import { eventMeta } from '../../src/core/catalog.ts';
import type { EmailTemplate } from '../../src/core/recipient.ts';
import { macroValues } from '../../src/email/macro-values.ts';
import { mailTemplate } from '../../src/email/mail-template.ts';
import { events } from './sending.ts';

/** Places of a mail in which a template may show data. */
const slots: readonly (readonly [name: string, html: string])[] = [
  ['text', '<p>before {{details}} after</p>'],
  ['a double-quoted attribute', '<p title="{{details}}">x</p>'],
  ['a single-quoted attribute', "<p title='{{details}}'>x</p>"],
  ['the rest of a link', '<a href="https://example.com/?q={{details}}">x</a>'],
  ['the rest of a mail link', "<a href='mailto:{{details}}'>x</a>"],
  ['the address of a picture', '<img alt="x" src="https://example.com/{{details}}.png">'],
  ['a comment', '<!-- {{details}} --><p>x</p>'],
  ['a table cell', '<table><tr><td>{{details}}</td></tr></table>'],
  ['a choice', '<select><option value="{{details}}">{{details}}</option></select>'],
  ['a title', '<title>{{details}}</title><p>x</p>'],
  ['a text field', '<textarea>{{details}}</textarea><p>x</p>'],
  ['a branch', '{{#if details}}<p title="{{details}}">{{details}}</p>{{/if}}'],
  ['a loop', '{{#each visitors}}<li title="{{this}}">{{this}}</li>{{/each}}'],
  ['inline SVG', '<svg><text>{{details}}</text></svg><p>x</p>'],
];

const script = 'alert(1)';

/** Beginnings that leave a text, an attribute, a comment, or an element of raw text … */
const wayOuts = ['', '"', "'", '">', "'>", '--!>', '-->', '</title>', '</textarea>', '</p></td></table>', '`', '\\"'];
/** … and what would then be markup or an address. */
const attacks = [
  `<script>${script}</script>`,
  `<img src=x onerror=${script}>`,
  `<svg/onload=${script}>`,
  ` onmouseover=${script} x=`,
  ` style=background:url(javascript:${script}) `,
  `<a href=javascript:${script}>x</a>`,
  `<iframe srcdoc="<script>${script}</script>">`,
  `<base href=//evil.example/>`,
  `<meta http-equiv=refresh content="0;url=javascript:${script}">`,
  `<math><mtext></mtext><mglyph><style></math><img src onerror=${script}></style>`,
];
/** Texts that a careless decoder would turn into the above. */
const encoded = [
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '&#60;script&#62;alert(1)&#60;/script&#62;',
  '&quot; onmouseover=alert(1) x=&quot;',
  '\u0000<script>',
  '<scr\u0000ipt>alert(1)</script>',
  '<\u2028img src=x onerror=alert(1)>',
  '\ufeff"><script>alert(1)</script>',
  '<ScRiPt>alert(1)</sCrIpT>',
  '<!--><script>alert(1)</script>',
  '<![CDATA[<script>alert(1)</script>]]>',
  '{{{details}}}<script>alert(1)</script>',
  'javascript:alert(1)//',
];
const payloads = [...wayOuts.flatMap((wayOut) => attacks.map((attack) => wayOut + attack)), ...encoded];

function mail(html: string, details: string): string {
  const data = { details, visitors: [details] };
  const values = macroValues({ event: 'opened', version: '1', timestamp: 5, data }, 'Managers');
  return String(template({ html })(values).html);
}

const allMacros = ['door', 'details', 'visitors'];

function template(own: EmailTemplate) {
  return mailTemplate(eventMeta(events, 'opened'), allMacros, own);
}

type Node = DefaultTreeAdapterTypes.Node;

/** Elements, attributes and the schemes of addresses, as a mail program will read them; and nothing of the texts. */
function structure(html: string): readonly string[] {
  const seen: string[] = [];
  const visit = (node: Node): void => {
    const attributes = 'attrs' in node ? node.attrs : [];
    seen.push([node.nodeName, ...attributes.map(({ name, value }) => `${name}=${scheme(name, value)}`)].join(' '));
    if ('childNodes' in node) for (const child of node.childNodes) visit(child);
  };
  visit(parse(html));
  return seen;
}

function scheme(name: string, value: string): string {
  return ['href', 'src'].includes(name) ? value.split(':', 1).join() : '';
}

describe('S21: whatever the event holds, an HTML mail has the elements, attributes and schemes of its template', () => {
  it(`in every place, with ${payloads.length} attacks`, () => {
    expect(payloads.length).toBeGreaterThanOrEqual(100);
    for (const [name, html] of slots) {
      const harmless = structure(mail(html, 'harmless'));
      for (const payload of payloads) {
        expect(structure(mail(html, payload)), `${payload} in ${name}`).toEqual(harmless);
      }
    }
  });

  it('which the same attacks would change, were they not escaped', () => {
    const changed = slots.filter(([, html]) => {
      const harmless = structure(html.replaceAll('{{details}}', 'harmless'));
      return payloads.some((payload) => {
        const attacked = structure(html.replaceAll('{{details}}', () => payload));
        return JSON.stringify(attacked) !== JSON.stringify(harmless);
      });
    });
    // All but the loop, whose macro is another.
    expect(changed).toHaveLength(slots.length - 1);
  });

  it('and a reader sees the text itself', () => {
    for (const payload of payloads.filter((text) => !text.includes('\0'))) {
      const [, body] = /^<p>before (.*) after<\/p>$/s.exec(mail('<p>before {{details}} after</p>', payload)) ?? [];
      const decoded = parse(`<p>${body}`);
      expect(JSON.stringify(textsOf(decoded))).toBe(JSON.stringify([payload]));
    }
  });
});

function textsOf(node: Node): readonly string[] {
  if ('value' in node) return [node.value];
  return 'childNodes' in node ? node.childNodes.flatMap(textsOf) : [];
}

describe('S20, S24: data that would be code or settings to handlebars or JavaScript is data', () => {
  const hostile = [
    { type: 'Program', body: [{ type: 'MustacheStatement', params: [], path: 0, loc: { start: 0 } }] },
    JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
    { lookupGetter: '__lookupGetter__', helpers: { if: 'x' }, '@partial-block': 'x', blockHelperMissing: 'x' },
    { toHTML: 'x', toString: 'x', valueOf: 'x', toJSON: 'x', length: 1e9 },
    ['__proto__', 'constructor', '{{#with "constructor" as |c|}}{{c}}{{/with}}', '{{lookup this "constructor"}}'],
    { '{{details}}': '{{#each this}}{{@key}}{{/each}}', '../': 1, '@root': 2, this: 3, '.': 4 },
  ];

  it.each(hostile.map((data) => [data]))('%j', (data) => {
    const values = macroValues({ event: 'opened', version: '1', timestamp: 5, data: { details: data } }, 'Managers');
    const own = { text: '{{details}}\n{{#each details}}{{@key}}={{this}};{{/each}}{{#with details}}{{this}}{{/with}}' };
    const { text } = template(own)(values);
    expect(text.split('\n')[0]).toBe(JSON.stringify(data));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
