/**
 * What goes into the package: the compiled daemon, the npm packages it needs with the binaries of
 * one architecture, profiles, unit and manual. The same sources give the same tree, on any day and
 * any machine: files are copied by a rule, never as they happen to lie about.
 */
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { bashCompletion, commandManual, configManual } from "./manual.mjs";

/** Debian's name of an architecture → folder of classic-level's binaries, and which of them. */
export const ARCHITECTURES = /** @type {const} */ ({
  arm64: { prebuilds: "linux-arm64", binary: /armv8\.node$/ },
  // Debian's armhf is ARMv7; the one of Raspberry Pi OS also runs on ARMv6.
  armhf: { prebuilds: "linux-arm", binary: /armv[67]\.node$/ },
  amd64: { prebuilds: "linux-x64", binary: /classic-level\.node$/ },
});

/** Parts of npm packages that nobody runs. */
const LEFT_OUT_FILE = [
  /(\.[cm]?ts|\.map|\.flow|\.tsbuildinfo|\.gypi?|\.cc|\.h|\.ya?ml|\.lock)$|^\./,
  /^(readme|changelog|history|contributing|upgrading|security|code_of_conduct)(\.\w{2,8})?\.(md|markdown|txt)$/i,
  /^(readme|changelog|history|makefile|bower\.json|component\.json)$/i,
];
/** Such folders directly in a package; deeper ones may be modules of that name. */
const LEFT_OUT_FOLDER = /^(tests?|__tests__|examples?|benchmarks?|coverage|docs?|\.github)$/i;
/** Folders of single packages: what a browser runs, and sources of what is built. */
const LEFT_OUT = [
  /^node_modules\/mqtt\/dist\//,
  /^node_modules\/classic-level\/(deps|src)\//,
  /^node_modules\/node-forge\/(dist|flash)\//,
  /^node_modules\/protobufjs\/(dist|cli|bin|scripts)\//,
  /^node_modules\/zod\/src\//,
  /^node_modules\/csv-parse\/dist\/(umd|iife|esm)\//,
  /^node_modules\/yaml\/browser\//,
];

const LIB = "usr/lib/heatpool";

/**
 * Fills `folder` with the tree of one architecture.
 * @param {{ root: string, folder: string, architecture: keyof typeof ARCHITECTURES,
 *   packages: readonly import("./locked-packages.mjs").LockedPackage[], sbom: object,
 *   pages: readonly import("./manual.mjs").CommandPage[], version: string, atSeconds: number }} of
 */
export function stageTree(of) {
  const { root, folder } = of;
  stageProgram(of);
  stagePackages(of);
  stageManual(of);
  const put = (/** @type {string} */ from, /** @type {string} */ to) =>
    copy(join(root, from), join(folder, to));
  for (const unit of ["heatpool.service", "heatpool-device-key.service"]) {
    put(`systemd/${unit}`, `usr/lib/systemd/system/${unit}`);
  }
  put("systemd/heatpool.sysusers", "usr/lib/sysusers.d/heatpool.conf");
  put("systemd/heatpool.tmpfiles", "usr/lib/tmpfiles.d/heatpool.conf");
  put("systemd/heatpool.default", "etc/default/heatpool");
  put("systemd/heatpool.yaml", "usr/share/doc/heatpool/examples/heatpool.yaml");
  mkdirSync(join(folder, "etc/heatpool/profiles"), { recursive: true });
  settle(folder, of.atSeconds);
}

/** @param {Parameters<typeof stageTree>[0]} of */
function stageProgram({ root, folder, sbom, atSeconds }) {
  const lib = join(folder, LIB);
  for (const part of readdirSync(join(root, "dist")).sort()) {
    // The operator's program comes by npm, and what both programs know is joined into the daemon.
    if (!["daemon", "web"].includes(part)) continue;
    const isWanted = (/** @type {string} */ path) => !path.endsWith(".map");
    copyTree(join(root, "dist", part), join(lib, "dist", part), isWanted);
  }
  write(join(lib, "dist/build.json"), `${JSON.stringify({ builtAtMs: atSeconds * 1000 })}\n`);
  copyTree(join(root, "firmware-profiles"), join(lib, "firmware-profiles"), () => true);
  const whole = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { name, version, license, type, imports } = whole;
  const compiled = Object.entries(imports).map(([key, { default: path }]) => [key, path]);
  const own = { name, version, license, type, imports: Object.fromEntries(compiled) };
  write(join(lib, "package.json"), `${JSON.stringify(own, null, 2)}\n`);
  // `heatpool install` of npm users takes them from here as well.
  copyTree(join(root, "systemd"), join(lib, "systemd"), (path) => !path.includes("backend"));
  write(join(lib, "sbom.cdx.json"), `${JSON.stringify(sbom, null, 2)}\n`);
  mkdirSync(join(folder, "usr/bin"), { recursive: true });
  symlinkSync("../lib/heatpool/dist/daemon/main.js", join(folder, "usr/bin/heatpool"));
}

/** @param {Parameters<typeof stageTree>[0]} of */
function stagePackages({ root, folder, architecture, packages }) {
  const { prebuilds, binary } = ARCHITECTURES[architecture];
  const isWanted = (/** @type {string} */ path) => {
    const inside = path.replace(/^.*node_modules\/(@[^/]+\/)?[^/]+\//, "");
    const parts = inside.split("/");
    const file = parts.pop() ?? "";
    if (LEFT_OUT.some((one) => one.test(path))) return false;
    if (parts[0] === "prebuilds") return parts[1] === prebuilds && binary.test(file);
    if (LEFT_OUT_FOLDER.test(parts[0] ?? "")) return false;
    return !LEFT_OUT_FILE.some((one) => one.test(file));
  };
  for (const { path } of packages) {
    copyTree(join(root, path), join(folder, LIB, path), (inner) => {
      // A package inside this one comes by itself, when it is needed.
      if (inner.startsWith("node_modules/")) return false;
      return isWanted(`${path}/${inner}`);
    });
  }
}

/** @param {Parameters<typeof stageTree>[0]} of */
function stageManual({ root, folder, packages, pages, version, atSeconds }) {
  const date = new Date(atSeconds * 1000).toISOString().slice(0, 10);
  const schema = JSON.parse(readFileSync(join(root, "systemd/heatpool.schema.json"), "utf8"));
  const share = join(folder, "usr/share");
  const doc = join(share, "doc/heatpool");
  const pack = (/** @type {string} */ path, /** @type {string} */ text) =>
    write(path, gzipSync(text, { level: 9 }));
  pack(join(share, "man/man1/heatpool.1.gz"), commandManual(pages, { version, date }));
  pack(join(share, "man/man5/heatpool.yaml.5.gz"), configManual(schema, { version, date }));
  write(join(share, "bash-completion/completions/heatpool"), bashCompletion(pages));
  pack(join(doc, "changelog.gz"), readFileSync(join(root, "CHANGELOG.md"), "utf8"));
  write(join(doc, "copyright"), copyrightText(root, packages));
}

/** @param {string} root @param {readonly import("./locked-packages.mjs").LockedPackage[]} packages */
function copyrightText(root, packages) {
  const ours = readFileSync(join(root, "LICENSE"), "utf8").trimEnd();
  const theirs = packages.map(
    ({ name, locked }) => `  ${name} ${locked.version}: ${locked.license}`,
  );
  return [
    ours,
    "",
    "With it come these packages, each under its own licence; the text lies beside each in",
    "/usr/lib/heatpool/node_modules:",
    "",
    ...theirs,
    "",
  ].join("\n");
}

/** @param {string} from @param {string} to @param {(path: string) => boolean} isWanted */
function copyTree(from, to, isWanted) {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name).slice(from.length + 1);
    if (isWanted(path)) copy(join(from, path), join(to, path));
  }
}

/** @param {string} from @param {string} to */
function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** @param {string} path @param {string | Uint8Array} content */
function write(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** One time and one of two modes for everything. @param {string} folder @param {number} atSeconds */
function settle(folder, atSeconds) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    // Files before the folders that hold them.
    .sort((a, b) => (a < b ? 1 : -1));
  for (const path of [...entries, folder]) {
    const stat = lstatSync(path);
    // A link has no mode; its time is clamped when the archive is written.
    if (stat.isSymbolicLink()) continue;
    const isProgram = stat.isDirectory() || path.endsWith("/dist/daemon/main.js");
    chmodSync(path, isProgram ? 0o755 : 0o644);
    utimesSync(path, atSeconds, atSeconds);
  }
}
