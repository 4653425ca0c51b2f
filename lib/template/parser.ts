/** Template source -> syntax trees, one a defined template. Source: Go `text/template/parse/parse.go` (go1.26). */
import { Fault } from "../fault.ts";
import { ExpressionParser, Scope } from "./expressions.ts";
import type { Delimiters, Token } from "./lexer.ts";
import { lex } from "./lexer.ts";
import { unquote } from "./literals.ts";
import type { BranchNode, ListNode, Statement, TemplateNode } from "./nodes.ts";
import { TokenStream } from "./tokens.ts";

/** Characters; a template is written by people. */
const LONGEST_SOURCE = 2 ** 20;

export interface ParseOptions {
  /** How errors call the template; also its name for `{{template}}`. */
  readonly name: string;
  readonly delimiters: Delimiters;
  readonly isFunction: (name: string) => boolean;
}

/**
 * @returns the trees by name; the source's own is under `options.name`
 * @throws Fault "invalid" `template: NAME:LINE: …`, the texts as Go has them
 */
export function parse(source: string, options: ParseOptions): ReadonlyMap<string, ListNode> {
  if (source.length > LONGEST_SOURCE) {
    throw new Fault("invalid", `template: ${options.name}: longer than ${String(LONGEST_SOURCE)} characters`);
  }
  return new Parser(source, options).run();
}

/** What ends a list of statements. */
interface Ending {
  readonly type: "end" | "else";
}

const ENDINGS: ReadonlySet<string> = new Set(["end", "else"]);

class Parser {
  readonly #tokens: TokenStream;
  readonly #expressions: ExpressionParser;
  readonly #trees = new Map<string, ListNode>();
  readonly #name: string;
  #scope = new Scope();
  #loops = 0;

  constructor(source: string, { name, delimiters, isFunction }: ParseOptions) {
    this.#name = name;
    this.#tokens = new TokenStream(name, lex(source, delimiters));
    this.#expressions = new ExpressionParser(this.#tokens, isFunction);
  }

  run(): ReadonlyMap<string, ListNode> {
    const root: Statement[] = [];
    while (this.#tokens.peek().kind !== "end-of-file") {
      if (this.#definition()) continue;
      const statement = this.#textOrAction();
      if (isEnding(statement)) throw this.#tokens.fault(`unexpected {{${statement.type}}}`);
      root.push(statement);
    }
    this.#add(this.#name, root);
    return this.#trees;
  }

  /** `{{define "name"}} … {{end}}`, only outside of everything else. @returns whether there was one */
  #definition(): boolean {
    const mark = this.#tokens.mark();
    if (this.#tokens.next().kind !== "left" || this.#tokens.nextNonSpace().kind !== "define") {
      this.#tokens.back(mark);
      return false;
    }
    const name = this.#templateName(this.#tokens.nextNonSpace(), "define clause");
    this.#tokens.expect("right", "define clause");
    this.#add(name, this.#body("define clause"));
    return true;
  }

  /** A list up to its `{{end}}`, with variables and loops of its own. */
  #body(context: string): ListNode {
    const outer = { scope: this.#scope, loops: this.#loops };
    this.#scope = new Scope();
    this.#loops = 0;
    const { list, ending } = this.#list();
    if (ending.type !== "end") throw this.#tokens.fault(`unexpected {{else}} in ${context}`);
    this.#scope = outer.scope;
    this.#loops = outer.loops;
    return list;
  }

  #list(): { list: ListNode; ending: Ending } {
    const list: Statement[] = [];
    while (this.#tokens.peekNonSpace().kind !== "end-of-file") {
      const statement = this.#textOrAction();
      if (isEnding(statement)) return { list, ending: statement };
      list.push(statement);
    }
    throw this.#tokens.fault("unexpected EOF");
  }

  #textOrAction(): Statement | Ending {
    const token = this.#tokens.nextNonSpace();
    if (token.kind === "text") return { type: "text", at: token.at, text: token.text };
    if (token.kind !== "left") throw this.#tokens.unexpected(token, "input");
    this.#tokens.actionLine = token.line;
    const statement = this.#action();
    this.#tokens.actionLine = 0;
    return statement;
  }

  #action(): Statement | Ending {
    const mark = this.#tokens.mark();
    const { kind, at } = this.#tokens.nextNonSpace();
    if (kind === "block") return this.#block();
    if (kind === "template") return this.#template();
    if (kind === "else") return this.#else();
    if (kind === "end") return this.#end();
    if (kind === "break" || kind === "continue") return this.#jump(kind, at);
    if (kind === "if" || kind === "range" || kind === "with") return this.#branch(kind);
    this.#tokens.back(mark);
    return { type: "action", at: this.#tokens.peekNonSpace().at, pipe: this.#pipeline("command") };
  }

  #end(): Ending {
    this.#tokens.expect("right", "end");
    return { type: "end" };
  }

  #pipeline(context: string): ReturnType<ExpressionParser["pipeline"]> {
    return this.#expressions.pipeline(context, "right", this.#scope);
  }

  #jump(type: "break" | "continue", at: number): Statement {
    const token = this.#tokens.nextNonSpace();
    if (token.kind !== "right") throw this.#tokens.unexpected(token, `{{${type}}}`);
    if (this.#loops === 0) throw this.#tokens.fault(`{{${type}}} outside {{range}}`);
    return { type, at };
  }

  /** `{{else}}`, or the `else` of `{{else if …}}` and `{{else with …}}`, whose second word stays in the stream. */
  #else(): Ending {
    const { kind } = this.#tokens.peekNonSpace();
    if (kind !== "if" && kind !== "with") this.#tokens.expect("right", "else");
    return { type: "else" };
  }

  #branch(type: "if" | "with" | "range"): BranchNode {
    return this.#tokens.nested(() => {
      const mark = this.#scope.mark();
      const pipe = this.#pipeline(type);
      if (type === "range") this.#loops += 1;
      const { list, ending } = this.#list();
      if (type === "range") this.#loops -= 1;
      const otherwise = ending.type === "else" ? this.#otherwise(type) : undefined;
      this.#scope.reset(mark);
      return { type, at: pipe.at, pipe, list, otherwise };
    });
  }

  #otherwise(type: "if" | "with" | "range"): ListNode {
    const { kind } = this.#tokens.peek();
    if (kind === type && (kind === "if" || kind === "with")) {
      this.#tokens.next();
      return [this.#branch(kind)];
    }
    const { list, ending } = this.#list();
    if (ending.type !== "end") throw this.#tokens.fault("expected end; found {{else}}");
    return list;
  }

  #block(): TemplateNode {
    return this.#tokens.nested(() => {
      const token = this.#tokens.nextNonSpace();
      const name = this.#templateName(token, "block clause");
      const pipe = this.#pipeline("block clause");
      this.#add(name, this.#body("block clause"));
      return { type: "template", at: token.at, name, pipe };
    });
  }

  #template(): TemplateNode {
    const token = this.#tokens.nextNonSpace();
    const name = this.#templateName(token, "template clause");
    if (this.#tokens.peekNonSpace().kind === "right") {
      this.#tokens.next();
      return { type: "template", at: token.at, name, pipe: undefined };
    }
    return { type: "template", at: token.at, name, pipe: this.#pipeline("template clause") };
  }

  #templateName(token: Token, context: string): string {
    if (token.kind !== "string" && token.kind !== "raw-string") throw this.#tokens.unexpected(token, context);
    const name = unquote(token.text);
    if (name === undefined) throw this.#tokens.fault("invalid syntax");
    return name;
  }

  /** An empty definition never replaces one, nor counts as a second one. */
  #add(name: string, tree: ListNode): void {
    const known = this.#trees.get(name);
    if (known === undefined || isEmpty(known)) this.#trees.set(name, tree);
    else if (!isEmpty(tree)) {
      throw this.#tokens.fault(`template: multiple definition of template ${JSON.stringify(name)}`);
    }
  }
}

function isEnding(node: Statement | Ending): node is Ending {
  return ENDINGS.has(node.type);
}

function isEmpty(list: ListNode): boolean {
  return list.every((node) => node.type === "text" && node.text.trim() === "");
}
