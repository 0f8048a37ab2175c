/** Values → YAML for files that a program writes and people read. */
import { stringify } from "yaml";

/**
 * The value as YAML, below comment lines. Keys keep their order; nothing is folded, so that a
 * fault's line is the line of what is wrong.
 */
export function writeYaml(value: unknown, comments: readonly string[] = []): string {
  const head = comments.map((line) => `# ${line}\n`).join("");
  return `${head}${stringify(value, { lineWidth: 0 })}`;
}
