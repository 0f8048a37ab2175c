/**
 * Which npm packages the daemon needs: those its compiled files import, and what these need in
 * turn, as the lock file has them. Nothing is guessed from names.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * One package of the lock file.
 * @typedef {{ version: string, license?: string, integrity?: string, dev?: boolean,
 *   dependencies?: Record<string, string>, optionalDependencies?: Record<string, string>,
 *   peerDependencies?: Record<string, string>,
 *   peerDependenciesMeta?: Record<string, { optional?: boolean }> }} Locked
 * @typedef {{ version: string, packages: Record<string, Locked> }} Lock
 * @typedef {{ path: string, name: string, locked: Locked, needs: string[] }} LockedPackage
 */

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g;
const NAME = /^(@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*/;

/** @param {string} root @returns {Lock} */
export function readLock(root) {
  return JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
}

/**
 * Names of packages that files below `folders` import.
 * @param {readonly string[]} folders @param {Lock} lock
 */
export function importedPackages(folders, lock) {
  /** @type {Set<string>} */
  const names = new Set();
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".js")) continue;
      const code = readFileSync(join(entry.parentPath, entry.name), "utf8");
      for (const [, target = ""] of code.matchAll(IMPORT)) {
        const name = NAME.exec(target)?.[0];
        if (name !== undefined && `node_modules/${name}` in lock.packages) names.add(name);
      }
    }
  }
  return [...names].sort((a, b) => (a < b ? -1 : 1));
}

/**
 * The packages of these names with everything they need, by their path.
 * @param {Lock} lock @param {readonly string[]} names @returns {LockedPackage[]}
 */
export function closureOf(lock, names) {
  /** @type {Map<string, LockedPackage>} */
  const found = new Map();
  const waiting = names.map((name) => findPath(lock, "", name));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    const locked = lock.packages[path];
    if (locked === undefined) throw new Error(`${path} is not in the lock file`);
    const needs = neededBy(locked).flatMap(({ name, isOptional }) => {
      const target = lookUp(lock, path, name);
      if (target === undefined && !isOptional) throw new Error(`${path} needs ${name}`);
      return target === undefined ? [] : [target];
    });
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    found.set(path, { path, name, locked, needs: needs.sort() });
    waiting.push(...needs);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** @param {Locked} locked */
function neededBy(locked) {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = locked;
  const isOptionalPeer = (/** @type {string} */ name) =>
    locked.peerDependenciesMeta?.[name]?.optional === true;
  return [
    // Types are for compilers.
    ...Object.keys(dependencies)
      .filter((name) => !name.startsWith("@types/"))
      .map((name) => ({ name, isOptional: false })),
    ...Object.keys(optionalDependencies).map((name) => ({ name, isOptional: true })),
    ...Object.keys(peerDependencies)
      .filter((name) => !isOptionalPeer(name))
      .map((name) => ({ name, isOptional: true })),
  ];
}

/** @param {Lock} lock @param {string} from @param {string} name */
function findPath(lock, from, name) {
  const path = lookUp(lock, from, name);
  if (path === undefined) throw new Error(`${name} is not in the lock file`);
  return path;
}

/**
 * As Node resolves: beside the package that asks, then outwards.
 * @param {Lock} lock @param {string} from @param {string} name @returns {string | undefined}
 */
function lookUp(lock, from, name) {
  const inside = from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`;
  if (inside in lock.packages) return inside;
  if (from === "") return undefined;
  const outwards = from.lastIndexOf("/node_modules/");
  return lookUp(lock, outwards < 0 ? "" : from.slice(0, outwards), name);
}
