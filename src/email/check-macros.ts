import { nodesOf, type Refuse, type TemplateNode } from './template-node.ts';

/** The whole template language besides macros: nothing else takes arguments. */
export const blocks = ['if', 'unless', 'each', 'with'];

const loopVariables = ['index', 'key', 'first', 'last'];

/** A block inside which names belong to an item, not to the event. */
interface Scope {
  readonly block: string;
  /** Names it gives: `item` of `{{#each items as |item|}}`. */
  readonly names: readonly string[];
}

/**
 * Checks that a template says nothing but text, macros and {@link blocks}, and that every macro is one of `macros`; with
 * `null` any name will do.
 */
export function checkMacros(template: hbs.AST.Program, macros: readonly string[] | null, refuse: Refuse): void {
  new MacroCheck(macros, refuse).checkAll(template, []);
}

class MacroCheck {
  readonly #macros: readonly string[] | null;
  readonly #refuse: Refuse;

  constructor(macros: readonly string[] | null, refuse: Refuse) {
    this.#macros = macros;
    this.#refuse = refuse;
  }

  checkAll(program: hbs.AST.Program | undefined, scopes: readonly Scope[]): void {
    for (const node of nodesOf(program)) this.#check(node, scopes);
  }

  #check(node: TemplateNode, scopes: readonly Scope[]): void {
    switch (node.type) {
      case 'ContentStatement':
      case 'CommentStatement':
        break;
      case 'MustacheStatement':
        if (node.params.length > 0 || node.hash !== undefined) {
          this.#refuse(
            `a macro takes no arguments, and there are no helpers but the blocks ${blocks.join(', ')}`,
            node,
          );
        }
        this.#checkName(node.path, scopes);
        break;
      case 'BlockStatement':
        this.#checkBlock(node, scopes);
        break;
      case 'PartialStatement':
      case 'PartialBlockStatement':
      case 'Decorator':
      case 'DecoratorBlock':
        this.#refuse('there are no partials and no decorators', node);
    }
  }

  #checkBlock(node: hbs.AST.BlockStatement, scopes: readonly Scope[]): void {
    const block = node.path.original;
    if (!blocks.includes(block)) this.#refuse(`${block} is not a block; there are ${blocks.join(', ')}`, node);
    const [subject, ...more] = node.params;
    if (subject === undefined || more.length > 0 || node.hash !== undefined) {
      this.#refuse(`${block} takes one macro, such as {{#${block} name}}`, node);
    } else {
      this.#checkName(subject, scopes);
    }
    const inside = { block, names: node.program?.blockParams ?? [] };
    this.checkAll(node.program, block === 'each' || block === 'with' ? [...scopes, inside] : scopes);
    this.checkAll(node.inverse, scopes);
  }

  #checkName(node: hbs.AST.Expression, scopes: readonly Scope[]): void {
    if (!isPath(node)) this.#refuse('a value or an expression stands where only a macro can', node);
    else if (node.data) this.#checkLoopVariable(node, scopes);
    else if (!isGivenName(node, scopes)) this.#checkPath(node, scopes);
  }

  #checkLoopVariable(node: hbs.AST.PathExpression, scopes: readonly Scope[]): void {
    const [name = '', ofRoot] = node.parts;
    if (name === 'root') this.#checkMacro(ofRoot, node);
    else if (!loopVariables.includes(name) || !scopes.some(({ block }) => block === 'each')) {
      this.#refuse(`${node.original} is not known; inside each there are @${loopVariables.join(', @')}`, node);
    }
  }

  #checkPath(node: hbs.AST.PathExpression, scopes: readonly Scope[]): void {
    if (blocks.includes(node.original))
      this.#refuse(`${node.original} is a block; write {{#${node.original} …}}`, node);
    if (node.depth > scopes.length) this.#refuse(`${node.original} leads out of the event`, node);
    // What an item holds is not declared, so only names of the event itself can be checked.
    if (node.depth === scopes.length) this.#checkMacro(node.parts[0], node);
  }

  #checkMacro(name: string | undefined, node: hbs.AST.PathExpression): void {
    if (name === undefined) this.#refuse(`${node.original} is the whole event; name one of its macros`, node);
    if (this.#macros?.includes(name) === false) {
      this.#refuse(`${name} is not a macro of this event; allowed are ${this.#macros.join(', ')}`, node);
    }
  }
}

function isPath(node: hbs.AST.Expression): node is hbs.AST.PathExpression {
  return node.type === 'PathExpression';
}

/** Whether a path begins with a name that a block around it has given. */
function isGivenName(
  { depth, original, parts: [name = ''] }: hbs.AST.PathExpression,
  scopes: readonly Scope[],
): boolean {
  const isBare = depth === 0 && !/^(?:\.|this)(?:[./]|$)/.test(original);
  return isBare && scopes.some(({ names }) => names.includes(name));
}
