import { describe, expect, it, test } from 'vitest';
import { eventMeta } from '../../src/core/catalog.ts';
import type { Json } from '../../src/core/json.ts';
import { macroValues } from '../../src/email/macro-values.ts';
import { mailTemplate } from '../../src/email/mail-template.ts';
import { attempt, events, storedEvent, transportTo, unaborted } from './sending.ts';

function render(text: string, data: Record<string, Json>, part: 'text' | 'html' | 'subject' = 'text'): string | null {
  const values = macroValues({ event: 'opened', version: '1', timestamp: 5, data }, 'Managers');
  return mailTemplate(eventMeta(events, 'undeclared'), [], { [part]: text })(values)[part];
}

const visitors = Array.from({ length: 1_000 }, (_, index) => index);
const megabyte = 'x'.repeat(1_000_000);

describe('S23, F66: a template that would never end, or fill the memory, is stopped', () => {
  const nested = '{{#each v}}{{#each @root.v}}{{#each @root.v}}.{{/each}}{{/each}}{{/each}}';
  const wide = `{{#each v}}${'{{#if none}}{{/if}}'.repeat(450)}{{/each}}`;
  const wideMacros = `{{#each v}}${'{{none}}'.repeat(900)}{{/each}}`;

  it.each<[string, string, Json, string]>([
    ['loops in loops', nested, visitors, 'its loops put out too much'],
    ['loops in loops that put out nothing', nested.replace('}}.{{', '}}{{'), visitors, 'its loops put out too much'],
    ['a loop with hundreds of blocks in it', wide, visitors, 'its loops put out too much'],
    ['a loop with hundreds of macros in it', wideMacros, visitors, 'its loops put out too much'],
    ['a loop over a large object', '{{#each v}}{{/each}}', wideObject(300_000), 'its loops put out too much'],
    ['a loop over a large text', '{{#each w}}{{@root.v}}{{/each}}', megabyte, 'its loops put out too much'],
    ['a long text many times', '{{v}}'.repeat(1_000), megabyte, 'the mail would hold more than 5000000 characters'],
    ['a long list many times', '{{v}}'.repeat(1_000), [megabyte], 'the mail would hold more than 5000000 characters'],
    ['a long text deep inside', '{{v.a.[0].b}}'.repeat(9), { a: [{ b: megabyte }] }, 'would hold more than'],
  ])('%s', (_what, text, v, problem) => {
    for (const part of ['text', 'html', 'subject'] as const) {
      expect(() => render(text, { v, w: [1] }, part)).toThrow(problem);
    }
  });

  it('and what people write is not', () => {
    expect(render('{{#each v}}{{@index}}: {{this}}\n{{/each}}', { v: visitors })).toContain('999: 999\n');
    expect(render('{{v}}{{v}}', { v: megabyte })).toHaveLength(2_000_000);
    expect(render('{{#if v}}{{v.length}} {{#each v}}-{{else}}no list{{/each}}{{/if}}', { v: megabyte })).toBe(
      '1000000 no list',
    );
    expect(render('<p title="{{v}}">', { v: `"${megabyte}` }, 'html')).toBe(`<p title="&quot;${megabyte}">`);
  });
});

function wideObject(names: number): Json {
  return Object.fromEntries(Array.from({ length: names }, (_, index) => [`n${index}`, 1]));
}

test('F66: an event that a template cannot show is given up and reported, and the relay is not troubled', async () => {
  // Nobody listens there: an attempt that got that far would fail, and be tried again for days.
  await using transport = transportTo(1);
  const own = { text: '{{details}}'.repeat(900) };
  const poison = attempt({ events: { opened: own } }, storedEvent({ data: { details: megabyte } }));
  expect(await transport.send(poison, { signal: unaborted })).toEqual({
    outcome: 'rejected',
    error: { code: 'TEMPLATE_ERROR', message: 'the mail would hold more than 5000000 characters' },
  });
});

describe('F90: a template as large as templates may be is read at once, or refused', () => {
  const large = (piece: string): string => piece.repeat(Math.floor(100_000 / piece.length));

  it.each([
    ['text', large('some text ')],
    ['macros', `${large('word ').slice(5_000)}${'{{a}}'.repeat(1_000)}`],
    ['tags of HTML', large('<p title="x">')],
    ['an attribute', `<p title="${large('x').slice(100)}">`],
    ['unfinished tags', large('<')],
    ['comments', large('<!-- x -->')],
    ['a script', `<script>${large('</scrip').slice(100)}</script>`],
    ['spaces in a tag', `<p ${large(' ').slice(100)}>`],
    ['blocks in blocks', '{{#if a}}'.repeat(500) + '{{/if}}'.repeat(500)],
  ])('%s', (_what, html) => {
    expect(render(html, { a: '' }, 'html')).toEqual(expect.any(String));
  });
});
