/** Where in the text a part of the value stands. */
import { type Document, isMap, isNode, isScalar, isSeq, type LineCounter, type Node } from "yaml";

/**
 * Line and column of the value at `path` (of its key, when that is what is wrong), or of the
 * nearest thing around what is not there. Both count from 1.
 */
export function placeOf(
  document: Document.Parsed,
  lines: LineCounter,
  { path, isKey = false }: { readonly path: readonly PropertyKey[]; readonly isKey?: boolean },
): { readonly line: number; readonly col: number } {
  let node: Node | null = document.contents;
  let start = node?.range?.[0] ?? 0;
  for (const part of path) {
    const child = step(node, part);
    if (child === undefined) break;
    node = child.node;
    start = isKey ? child.key : (node?.range?.[0] ?? child.key);
  }
  return lines.linePos(start);
}

function step(
  node: Node | null,
  part: PropertyKey,
): { readonly node: Node | null; readonly key: number } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(
      (one) => isScalar(one.key) && String(one.key.value) === String(part),
    );
    if (pair === undefined || !isNode(pair.key)) return undefined;
    return { node: isNode(pair.value) ? pair.value : null, key: pair.key.range?.[0] ?? 0 };
  }
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    return isNode(item) ? { node: item, key: item.range?.[0] ?? 0 } : undefined;
  }
  return undefined;
}
