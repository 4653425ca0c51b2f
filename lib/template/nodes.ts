/** The syntax tree of a template, and its text as Go prints it in error messages. Source: Go `text/template/parse`. */

/** `at` is the index in the source text where the node begins. */
interface Place {
  readonly at: number;
}

interface FieldNode extends Place {
  readonly type: "field";
  readonly names: readonly string[];
}
export interface VariableNode extends Place {
  readonly type: "variable";
  /** With its `$`. */
  readonly name: string;
  readonly fields: readonly string[];
}
export interface ChainNode extends Place {
  readonly type: "chain";
  readonly of: Expression;
  readonly fields: readonly string[];
}
export interface IdentifierNode extends Place {
  readonly type: "identifier";
  readonly name: string;
}
interface DotNode extends Place {
  readonly type: "dot";
}
interface NilNode extends Place {
  readonly type: "nil";
}
interface BoolNode extends Place {
  readonly type: "bool";
  readonly value: boolean;
}
export interface NumberNode extends Place {
  readonly type: "number";
  readonly text: string;
  /** What the constant is where nothing tells its type: an int (may exceed 64 bits: an error when used) or a float. */
  readonly ideal: bigint | number;
}
interface StringNode extends Place {
  readonly type: "string";
  readonly quoted: string;
  readonly value: string;
}
export interface PipeNode extends Place {
  readonly type: "pipe";
  readonly assign: boolean;
  readonly variables: readonly VariableNode[];
  readonly commands: readonly CommandNode[];
}
export interface CommandNode extends Place {
  readonly type: "command";
  readonly args: readonly [Expression, ...Expression[]];
}

export type Expression =
  | FieldNode
  | VariableNode
  | ChainNode
  | IdentifierNode
  | DotNode
  | NilNode
  | BoolNode
  | NumberNode
  | StringNode
  | PipeNode;

interface TextNode extends Place {
  readonly type: "text";
  readonly text: string;
}
export interface ActionNode extends Place {
  readonly type: "action";
  readonly pipe: PipeNode;
}
export interface BranchNode extends Place {
  readonly type: "if" | "with" | "range";
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly otherwise: ListNode | undefined;
}
interface JumpNode extends Place {
  readonly type: "break" | "continue";
}
export interface TemplateNode extends Place {
  readonly type: "template";
  readonly name: string;
  readonly pipe: PipeNode | undefined;
}

export type Statement = TextNode | ActionNode | BranchNode | JumpNode | TemplateNode;

export type ListNode = readonly Statement[];

/** A constant such as "password=hunter2": what stands behind the sign does not belong in an error message. */
const SETTING = /^(["`][^=]*=)[^]*(["`])$/;

/** How Go writes the node in `at <…>`. */
export function nodeText(node: Expression | CommandNode | ActionNode | TemplateNode): string {
  if (node.type === "command") return node.args.map(operandText).join(" ");
  if (node.type === "action") return `{{${pipeText(node.pipe)}}}`;
  if (node.type === "template") {
    return `{{template ${JSON.stringify(node.name)}${node.pipe === undefined ? "" : ` ${pipeText(node.pipe)}`}}}`;
  }
  return expressionText(node);
}

function expressionText(node: Expression): string {
  switch (node.type) {
    case "field":
      return node.names.map((name) => `.${name}`).join("");
    case "variable":
      return [node.name, ...node.fields].join(".");
    case "chain":
      return [operandText(node.of), ...node.fields].join(".");
    case "identifier":
      return node.name;
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "bool":
      return String(node.value);
    case "number":
      return node.text;
    case "string":
      return node.quoted.replace(SETTING, "$1…$2");
    case "pipe":
      return pipeText(node);
  }
}

function operandText(node: Expression): string {
  return node.type === "pipe" ? `(${pipeText(node)})` : expressionText(node);
}

function pipeText(pipe: PipeNode): string {
  const commands = pipe.commands.map(nodeText).join(" | ");
  if (pipe.variables.length === 0) return commands;
  return `${pipe.variables.map(nodeText).join(", ")} ${pipe.assign ? "=" : ":="} ${commands}`;
}
