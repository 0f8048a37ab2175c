/**
 * The law of the house, as a test.
 *
 * Imports go one way and never in a circle, every package has one home, core is pure, and wire
 * types stop at the door. Each breach is reported as `file: what is wrong`. Changing a rule is a
 * decision: write an ADR in `docs/adr` first.
 */
import { describe, expect, it } from "vitest";
import { readSourceTree, type SourceFile } from "./support/source-tree.js";

/** What a file may import of ours, by the top-level folder it lives in. */
const MAY_IMPORT: Record<string, RegExp> = {
  core: /^(core|proto\/gen)\//,
  daemon: /^(core|proto\/gen|daemon)\//,
  backend: /^(core|proto\/gen|backend)\//,
  web: /^(core|web)\//,
};

/** Files that put rooms together. Only they run code of several rooms. */
const ASSEMBLY = /^(daemon|backend)\/((main|daemon|backend|config)\.ts$|(assembly|commands)\/)/;

/** Where each package may be imported. A package that is not listed may not be imported. */
const HOMES: Record<string, RegExp> = {
  // Types only: `level` is this class, but its own types hide repair and compactRange.
  "classic-level": /^(daemon|backend)\/[a-z-]+\/level-/,
  "@bufbuild/protobuf": /^backend\/rpc\//,
  commander: /^(daemon|backend)\/(main\.ts$|commands\/)/,
  "csv-parse": /\/csv-[a-z-]+\.ts$/,
  "@grpc/grpc-js": /^(daemon\/uplink|backend\/rpc)\//,
  "@grpc/proto-loader": /^backend\/rpc\//,
  "@grpc/reflection": /^backend\/rpc\//,
  "@hpke/chacha20poly1305": /^core\/envelope\//,
  "@hpke/core": /^core\/envelope\//,
  "@hono/node-server": /^(daemon\/local|backend\/http)\//,
  "@preact/signals": /^web\//,
  "@tufjs/models": /^(daemon\/catalogue|backend\/(catalogue|publish))\//,
  croner: /^backend\/schedule\//,
  "grpc-health-check": /^backend\/rpc\//,
  hono: /^(daemon\/local|backend\/http)\//,
  jsmodbus: /^daemon\/device\//,
  mqtt: /^daemon\/[a-z-]+\/mqtt-/,
  level: /^(daemon|backend)\/[a-z-]+\/level-/,
  "node-forge": /^core\/certificate\//,
  nodemailer: /^daemon\/notify\/email-/,
  preact: /^web\//,
  "prom-client": /^(daemon\/local|backend\/http)\//,
  pg: /^backend\/[a-z-]+\/postgres-/,
  uplot: /^web\//,
  "tuf-js": /^daemon\/catalogue\//,
  yaml: /^core\/schema\//,
  zod: /^core\/schema\/|-schema\.ts$|^(daemon|backend)\/config\.ts$/,
};

/** Where generated wire types may appear. Everyone else speaks our own vocabulary. */
const WIRE_DOORS = /^(core\/batch|daemon\/uplink|backend\/rpc)\//;

/** What core may use of Node: functions whose answer depends on their arguments alone. */
const PURE_BUILTINS = ["node:assert", "node:assert/strict", "node:crypto", "node:zlib"];

/** Clocks, timers, chance and the world outside; core gets them as arguments. */
const IMPURE = new RegExp(
  [
    String.raw`\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b`,
    String.raw`\bset(Timeout|Interval|Immediate)\b`,
    String.raw`\bMath\.random\b|\brandom(Bytes|UUID|Int|FillSync|Fill)\b`,
    String.raw`\bgetRandomValues\b|\bgenerateKey(Pair)?(Sync)?\b`,
    String.raw`\bprocess\.|\bconsole\.|(?<![.\w])fetch\(`,
  ].join("|"),
);

const files = readSourceTree(Object.keys(MAY_IMPORT));
const houseOf = (path: string): string => path.split("/")[0] ?? "";
const roomOf = (path: string): string => path.split("/").slice(0, 2).join("/");

/** Lists every breach of `rule` as `file: what is wrong`. */
function breaches(rule: (file: SourceFile) => readonly string[]): string[] {
  return files.flatMap((file) => rule(file).map((wrong) => `${file.path}: ${wrong}`));
}

describe("the law of the house", () => {
  it.each(["core", "daemon", "backend", "web"])("finds files in %s", (house) => {
    expect(files.map((file) => houseOf(file.path))).toContain(house);
  });

  it("finds imports of ours and of packages", () => {
    expect(files.flatMap((file) => file.ours)).not.toEqual([]);
    expect(files.flatMap((file) => file.theirs)).not.toEqual([]);
  });

  it("imports go one way: both ends know core, core knows neither", () => {
    const rule = (file: SourceFile) =>
      file.ours
        .filter((to) => !MAY_IMPORT[houseOf(file.path)]?.test(to))
        .map((to) => `may not import ${to}`);
    expect(breaches(rule)).toEqual([]);
  });

  it("rooms share types; assembly files run them", () => {
    const rule = (file: SourceFile) =>
      ASSEMBLY.test(file.path)
        ? []
        : file.running
            .filter((to) => /^(daemon|backend)\//.test(to) && houseOf(to) === houseOf(file.path))
            .filter((to) => roomOf(to) !== roomOf(file.path))
            .map((to) => `runs ${to}; take it as an argument from the assembly file`);
    expect(breaches(rule)).toEqual([]);
  });

  it("no room knows who puts it together, not even by type", () => {
    const rule = (file: SourceFile) =>
      ASSEMBLY.test(file.path) || !/^(daemon|backend)\//.test(file.path)
        ? []
        : file.ours
            .filter((to) => /^(daemon|backend)\/(assembly|commands)\//.test(to))
            .map((to) => `knows ${to}`);
    expect(breaches(rule)).toEqual([]);
  });

  it("the page knows types of core alone, and no Node", () => {
    const rule = (file: SourceFile) => {
      if (houseOf(file.path) !== "web") return [];
      const run = file.running.filter((to) => houseOf(to) !== "web").map((to) => `runs ${to}`);
      const builtins = file.theirs.filter((name) => name.startsWith("node:"));
      return [...run, ...builtins.map((name) => `uses ${name}`)];
    };
    expect(breaches(rule)).toEqual([]);
  });

  it("nothing imports in a circle", () => {
    expect(findCircle(files)).toEqual([]);
  });

  it("each package has one home", () => {
    const rule = (file: SourceFile) =>
      file.theirs
        .filter((name) => !name.startsWith("node:"))
        .filter((name) => !HOMES[name]?.test(file.path))
        .map((name) => `may not import ${name}; its home is ${HOMES[name] ?? "not decided"}`);
    expect(breaches(rule)).toEqual([]);
  });

  it("core does no I/O, reads no clock and takes no chances", () => {
    const rule = (file: SourceFile) => {
      if (houseOf(file.path) !== "core") return [];
      const builtins = file.theirs.filter((name) => name.startsWith("node:"));
      return [
        ...builtins.filter((name) => !PURE_BUILTINS.includes(name)),
        ...(IMPURE.exec(file.code)?.slice(0, 1) ?? []),
      ].map((what) => `uses ${what}; take it as an argument`);
    };
    expect(breaches(rule)).toEqual([]);
  });

  it("wire types stop at the door", () => {
    const rule = (file: SourceFile) =>
      file.ours
        .filter((to) => to.startsWith("proto/gen/"))
        .filter((to) => !WIRE_DOORS.test(file.path) || isServiceInCore(file, to))
        .map((to) => `may not know ${to}; translate at the door`);
    expect(breaches(rule)).toEqual([]);
  });
});

/** Service stubs bring gRPC with them; core may only use files that hold messages. */
function isServiceInCore(file: SourceFile, to: string): boolean {
  return houseOf(file.path) === "core" && to.endsWith("_service.ts");
}

/** The first circle of imports, as the list of files on it; empty when there is none. */
function findCircle(sources: readonly SourceFile[]): string[] {
  const imports = new Map(sources.map((file) => [file.path, file.ours]));
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    done.add(path);
    for (const next of imports.get(path) ?? []) {
      const circle = walk(next, [...trail, path]);
      if (circle.length > 0) return circle;
    }
    return [];
  };
  for (const path of imports.keys()) {
    const circle = walk(path, []);
    if (circle.length > 0) return circle;
  }
  return [];
}
