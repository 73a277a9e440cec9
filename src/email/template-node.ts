import type {} from 'handlebars';

/** What a template is made of, as handlebars parses it. */
export type TemplateNode =
  | hbs.AST.ContentStatement
  | hbs.AST.CommentStatement
  | hbs.AST.MustacheStatement
  | hbs.AST.BlockStatement
  | (hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement)
  | { readonly type: 'Decorator' | 'DecoratorBlock'; readonly loc: hbs.AST.SourceLocation };

/** Reports what is wrong with a template, and where. */
export type Refuse = (problem: string, at: hbs.AST.Node) => never;

/** The parts of a template, or of one branch of a block; none for a branch that is not there. */
export function nodesOf(program: hbs.AST.Program | undefined): readonly TemplateNode[] {
  return (program?.body ?? []) as readonly hbs.AST.Node[] as readonly TemplateNode[];
}
