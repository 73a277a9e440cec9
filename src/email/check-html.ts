import { nodesOf, type Refuse } from './template-node.ts';

/** Where in an HTML text the next character falls. */
type Place =
  | { readonly in: 'text' }
  /** After `<`. */
  | { readonly in: 'opening' }
  | { readonly in: 'tag name'; readonly element: string }
  /** Between attributes, or in the name of one; `seen` is what stands there since the last value. */
  | { readonly in: 'tag'; readonly element: string; readonly seen: string }
  /** After `=`. */
  | { readonly in: 'value start'; readonly element: string; readonly attribute: string }
  | {
      readonly in: 'quoted value';
      readonly element: string;
      readonly attribute: string;
      readonly quote: string;
      readonly value: string;
    }
  | { readonly in: 'unquoted value'; readonly element: string }
  /** After `<!` or `<?`, up to `>`; it turns out to be a comment when it begins with `--`. */
  | { readonly in: 'markup'; readonly seen: string }
  /** `seen` is the end of what stands in it so far. */
  | { readonly in: 'comment'; readonly seen: string }
  /** The inside of an element that holds no markup; `seen` is its end so far. */
  | { readonly in: 'raw text'; readonly element: string; readonly seen: string };

const text: Place = { in: 'text' };
const rawTextElements = ['script', 'style'];
const addressAttributes = [
  'action',
  'background',
  'cite',
  'formaction',
  'href',
  'poster',
  'src',
  'srcset',
  'xlink:href',
];
/** Stands for what a block may have put into a name. */
const perhapsMore = '*';
const fixedScheme = /^\s*(?:https?|mailto|tel|cid):/i;

/**
 * Checks that whatever a macro stands for, it can only ever be text in an HTML mail: macros are escaped, which protects
 * text and quoted attribute values, and nothing else.
 */
export function checkHtml(template: hbs.AST.Program, refuse: Refuse): void {
  checkFrom(text, template, refuse);
}

function checkFrom(start: Place, program: hbs.AST.Program | undefined, refuse: Refuse): Place {
  let place = start;
  for (const node of nodesOf(program)) {
    if (node.type === 'ContentStatement') {
      for (const character of node.value) place = placeAfter(place, character);
    } else if (node.type === 'MustacheStatement') {
      const problem = node.escaped
        ? problemAt(place)
        : 'write {{…}}; {{{…}}} and {{&…}} would let event data be markup';
      if (problem !== null) refuse(problem, node);
    } else if (node.type === 'BlockStatement') {
      for (const branch of [node.program, node.inverse]) {
        if (!isSame(checkFrom(place, branch, refuse), place)) {
          refuse('a block must end inside the same tag or value as it begins', node);
        }
      }
      if (place.in === 'tag') place = { ...place, seen: place.seen + perhapsMore };
    }
  }
  return place;
}

/** Why a macro cannot stand here; `null` where it can. */
function problemAt(place: Place): string | null {
  switch (place.in) {
    case 'text':
    case 'markup':
    case 'comment':
      return null;
    case 'opening':
    case 'tag name':
    case 'tag':
      return 'a macro cannot be the name of a tag or of an attribute';
    case 'value start':
    case 'unquoted value':
      return 'the value of an attribute with a macro in it must stand in quotes';
    case 'raw text':
      return `a macro cannot stand inside ${place.element}`;
    case 'quoted value':
      if (place.attribute.includes(perhapsMore)) return 'a macro cannot stand in an attribute whose name a block makes';
      if (/^(?:on.*|style|srcdoc)$/.test(place.attribute)) return `a macro cannot stand in ${place.attribute}`;
      return addressAttributes.includes(place.attribute) && !fixedScheme.test(place.value)
        ? `${place.attribute} must begin with https:, http:, mailto:, tel: or cid: before a macro`
        : null;
  }
}

/** Whether a block that leads from one place to the other leaves what follows it as it was. */
function isSame(one: Place, other: Place): boolean {
  const shape = (place: Place): string => JSON.stringify({ ...place, seen: '', value: '' });
  return shape(one) === shape(other);
}

function placeAfter(place: Place, character: string): Place {
  const isSpace = /\s/.test(character);
  switch (place.in) {
    case 'text':
      return character === '<' ? { in: 'opening' } : text;
    case 'opening':
      if (/[!?]/.test(character)) return { in: 'markup', seen: '' };
      if (/[a-z/]/i.test(character)) return { in: 'tag name', element: character.toLowerCase() };
      return character === '<' ? place : text;
    case 'tag name':
      if (character === '>') return afterTag(place.element);
      if (isSpace || character === '/') return { in: 'tag', element: place.element, seen: '' };
      return { in: 'tag name', element: place.element + character.toLowerCase() };
    case 'tag':
      if (character === '>') return afterTag(place.element);
      return character === '='
        ? { in: 'value start', element: place.element, attribute: attributeOf(place.seen) }
        : { ...place, seen: place.seen + character };
    case 'value start':
      if (isSpace) return place;
      if (character === '>') return afterTag(place.element);
      return /["']/.test(character)
        ? { ...place, in: 'quoted value', quote: character, value: '' }
        : { in: 'unquoted value', element: place.element };
    case 'quoted value':
      return character === place.quote
        ? { in: 'tag', element: place.element, seen: '' }
        : { ...place, value: place.value + character };
    case 'unquoted value':
      if (character === '>') return afterTag(place.element);
      return isSpace ? { in: 'tag', element: place.element, seen: '' } : place;
    case 'markup': {
      if (character === '>') return text;
      const seen = (place.seen + character).slice(0, 2);
      return seen === '--' ? { in: 'comment', seen } : { in: 'markup', seen };
    }
    case 'comment': {
      const seen = (place.seen + character).slice(-4);
      return /--!?>$/.test(seen) ? text : { in: 'comment', seen };
    }
    case 'raw text': {
      const end = `</${place.element}`;
      const seen = (place.seen + character.toLowerCase()).slice(-end.length);
      return seen === end ? { in: 'tag name', element: `/${place.element}` } : { ...place, seen };
    }
  }
}

function afterTag(element: string): Place {
  return rawTextElements.includes(element) ? { in: 'raw text', element, seen: '' } : text;
}

/** The last name before a `=`. */
function attributeOf(seen: string): string {
  return (
    seen
      .trim()
      .split(/[\s/]+/)
      .at(-1)
      ?.toLowerCase() ?? ''
  );
}
