/** The page's files: a closed list from one folder, read and packed when somebody asks. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** A file as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

/** The files by name. */
export interface PageFiles {
  readonly names: readonly string[];
  /** `undefined`: the page was not built. */
  read(name: string): Promise<PageFile | undefined>;
}

const TYPES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
};

/** Where `npm run build` puts the page, seen from the compiled daemon and from its sources. */
export function packagedPage(): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(here.endsWith(".ts") ? "../../dist/web" : "../../web", here));
}

export function createPageFiles(folder: string): PageFiles {
  const known = new Map<string, PageFile>();
  return {
    names: Object.keys(TYPES),
    async read(name) {
      const type = TYPES[name];
      if (type === undefined) return undefined;
      const before = known.get(name);
      if (before !== undefined) return before;
      const bytes = await readFile(join(folder, name)).catch(() => undefined);
      if (bytes === undefined) return undefined;
      const plain = new Uint8Array(bytes);
      const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
      const file = { type, etag, plain, gzipped: new Uint8Array(gzipSync(plain, { level: 9 })) };
      known.set(name, file);
      return file;
    },
  };
}
