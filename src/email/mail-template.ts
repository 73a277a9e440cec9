import Handlebars from 'handlebars';
import type { EventMeta } from '../core/catalog.ts';
import { OutboundEventsError } from '../core/errors.ts';
import type { EmailTemplate } from '../core/recipient.ts';
import { checkHtml } from './check-html.ts';
import { blocks, checkMacros } from './check-macros.ts';
import type { Refuse } from './template-node.ts';

/** The texts of one mail. */
export interface MailTexts {
  /** One line. */
  readonly subject: string;
  readonly text: string;
  /** `null` for a mail in plain text alone. */
  readonly html: string | null;
}

/** Makes the texts of one mail from the values of its macros. Throws when it cannot be done with these values. */
export type MailTemplate = (values: unknown) => MailTexts;

/**
 * The mail of an event type, with the recipient's own texts where it has them. Throws `ERR_TEMPLATE`, with the line and
 * what is allowed, for a text that cannot be used.
 */
export function mailTemplate(meta: EventMeta, macros: readonly string[], own: EmailTemplate): MailTemplate {
  const allowed = meta.variables === null ? null : macros;
  const compiled = (part: keyof EmailTemplate, source: string): Render =>
    compile(source, part === 'html', allowed, `events.${meta.type}.${part}`);
  const subject = compiled('subject', given(own.subject) ?? meta.mail.subject);
  const text = compiled('text', given(own.text) ?? meta.mail.text);
  const ownHtml = given(own.html);
  const html = ownHtml === undefined ? null : compiled('html', ownHtml);
  return (values) => ({
    subject: oneLine(subject(values)),
    text: text(values),
    html: html === null ? null : html(values),
  });
}

/** A blank text is one that is not given. */
function given(source: string | undefined): string | undefined {
  return typeof source === 'string' && source.trim() === '' ? undefined : source;
}

type Render = (values: unknown) => string;

/** Handlebars takes seconds to read some thousands of blocks inside each other. */
const mostTags = 1_000;

/**
 * What the loops of one text may cost: a character they put out counts as one, and a round as much as the text has tags,
 * each of which it may evaluate. Past it a template would stop the process for long. Counted, not timed, so that the
 * same event always gives the same mail, also on a busy machine.
 */
const mostFromLoops = 200_000;

function compile(source: string, isHtml: boolean, macros: readonly string[] | null, field: string): Render {
  // Handlebars would take the parsed form of a template too, and run what it says.
  if (typeof source !== 'string') throw badTemplate(field, 'a template is text', undefined);
  const refuse: Refuse = (problem, at) => {
    throw badTemplate(field, problem, at.loc.start.line);
  };
  const tags = source.split('{{', mostTags + 2).length - 1;
  if (tags > mostTags) {
    throw badTemplate(field, `it holds more than ${mostTags} {{`, undefined);
  }
  const parsed = parse(source, field);
  checkMacros(parsed, macros, refuse);
  if (isHtml) checkHtml(parsed, refuse);
  const render = language.compile(source, { knownHelpersOnly: true, knownHelpers, noEscape: !isHtml });
  return (values) =>
    render(values, {
      data: { loops: { left: mostFromLoops, tags, field } },
      allowProtoMethodsByDefault: false,
      allowProtoPropertiesByDefault: false,
    });
}

function parse(source: string, field: string): hbs.AST.Program {
  try {
    return language.parse(source);
  } catch (error) {
    const { message, lineNumber } = error as { message: string; lineNumber?: number };
    const line = lineNumber ?? (Number(/^Parse error on line (\d+)/.exec(message)?.[1]) || undefined);
    throw badTemplate(
      field,
      'the template cannot be read here; a {{ or a block is not closed, or is closed wrongly',
      line,
    );
  }
}

function badTemplate(field: string, problem: string, line: number | undefined): OutboundEventsError {
  const place = line === undefined ? '' : `line ${line}: `;
  return new OutboundEventsError('ERR_TEMPLATE', `${field} cannot be used: ${place}${problem}`, { field });
}

const longestSubject = 200;

function oneLine(subject: string): string {
  const line = subject.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return Array.from(line).slice(0, longestSubject).join('');
}

/** Helpers handlebars would otherwise call for names that are not blocks here. */
const withoutMeaning = ['helperMissing', 'blockHelperMissing', 'log', 'lookup'];

const knownHelpers = Object.fromEntries([
  ...blocks.map((name) => [name, true] as const),
  ...withoutMeaning.map((name) => [name, false] as const),
]) as KnownHelpers;

/** Handlebars with {@link blocks} alone. */
const language = restrictedHandlebars();

function restrictedHandlebars(): typeof Handlebars {
  const handlebars = Handlebars.create();
  const { each } = handlebars.helpers;
  handlebars.registerHelper('each', function (this: unknown, items: unknown, options: Handlebars.HelperOptions) {
    const { loops } = options.data as { loops: { left: number; readonly tags: number; readonly field: string } };
    const fn: Handlebars.HelperOptions['fn'] = (item, runtime) => {
      const text = options.fn(item, runtime);
      loops.left -= text.length + loops.tags;
      if (loops.left < 0) throw badTemplate(loops.field, 'its loops put out too much', undefined);
      return text;
    };
    return each?.call(this, items, { ...options, fn });
  });
  return handlebars;
}
