/**
 * The trace of `disk-shim.c`, read back: every change of a file below one folder, in true order.
 */

/** One change. Paths are relative to the folder. */
export type DiskChange =
  /** Created, or emptied. */
  | { readonly kind: "create"; readonly path: string }
  | { readonly kind: "folder"; readonly path: string }
  | {
      readonly kind: "write";
      readonly path: string;
      readonly offset: number;
      readonly data: Buffer;
    }
  | { readonly kind: "sync"; readonly path: string }
  | { readonly kind: "sync-failed"; readonly path: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "remove"; readonly path: string };

const HEADER_BYTES = 17;

/** Reads a whole trace. @throws Error on a change that nothing here knows how to undo */
export function readTrace(bytes: Buffer): DiskChange[] {
  const changes: DiskChange[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const kind = String.fromCharCode(bytes[at] ?? 0);
    const pathEnd = at + HEADER_BYTES + bytes.readUInt16LE(at + 1);
    const toEnd = pathEnd + bytes.readUInt16LE(at + 3);
    const offset = Number(bytes.readBigInt64LE(at + 5));
    const length = bytes.readUInt32LE(at + 13);
    const path = bytes.toString("utf8", at + HEADER_BYTES, pathEnd);
    const to = bytes.toString("utf8", pathEnd, toEnd);
    const end = toEnd + (kind === "W" ? length : 0);
    changes.push(toChange(kind, { path, to, offset, data: bytes.subarray(toEnd, end) }));
    at = end;
  }
  return changes;
}

function toChange(
  kind: string,
  { path, to, offset, data }: { path: string; to: string; offset: number; data: Buffer },
): DiskChange {
  switch (kind) {
    case "C":
      return { kind: "create", path };
    case "D":
      return { kind: "folder", path };
    case "W":
      return { kind: "write", path, offset, data };
    case "S":
      return { kind: "sync", path };
    case "X":
      return { kind: "sync-failed", path };
    case "R":
      return { kind: "rename", path, to };
    case "U":
      return { kind: "remove", path };
    default:
      throw new Error(`a trace of ${JSON.stringify(kind)} on ${path}`);
  }
}
