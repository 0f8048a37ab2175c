/**
 * A staged tree becomes a Debian package: control files, conffiles, checksums, and `dpkg-deb` with
 * one fixed time. The same tree gives the same bytes.
 *
 * Source: deb-control(5), deb-conffiles(5), Debian policy 5.6.20 (Installed-Size), 6 (maintainer
 * scripts); SOURCE_DATE_EPOCH as in dpkg-deb(1).
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** Node 20.19 is the oldest that runs; the binaries of classic-level want this glibc. */
const DEPENDS = ["nodejs (>= 20.19)", "libc6 (>= 2.34)", "systemd", "init-system-helpers"];
const CONFFILES = ["/etc/default/heatpool"];
const SCRIPTS = ["postinst", "prerm", "postrm"];

/** Debian's form of a version: a pre-release sorts before its release. @param {string} version */
export function debianVersion(version) {
  return version.replace("-", "~");
}

/**
 * Builds `file` from the tree in `folder`.
 * @param {{ folder: string, file: string, architecture: string, version: string,
 *   atSeconds: number, scripts: string, compression?: "xz" | "gzip" }} of
 */
export function buildDeb(of) {
  const { folder, file, atSeconds, scripts } = of;
  const entries = listFiles(folder);
  const control = join(folder, "DEBIAN");
  mkdirSync(control);
  const put = (/** @type {string} */ name, /** @type {string} */ text, mode = 0o644) => {
    writeFileSync(join(control, name), text);
    chmodSync(join(control, name), mode);
    utimesSync(join(control, name), atSeconds, atSeconds);
  };
  const installedKiB = installedSize(folder, entries);
  put("control", controlText({ ...of, installedKiB }));
  put("conffiles", `${CONFFILES.join("\n")}\n`);
  put("md5sums", md5sums(folder, entries));
  for (const name of SCRIPTS) put(name, readFileSync(join(scripts, name), "utf8"), 0o755);
  chmodSync(control, 0o755);
  utimesSync(control, atSeconds, atSeconds);
  const packing = ["--root-owner-group", `-Z${of.compression ?? "xz"}`, "--threads-max=1"];
  const run = spawnSync("dpkg-deb", [...packing, "--build", folder, file], {
    encoding: "utf8",
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      SOURCE_DATE_EPOCH: String(atSeconds),
      LC_ALL: "C",
    },
  });
  if (run.status !== 0) throw new Error(`dpkg-deb: ${run.stderr ?? ""}${run.error ?? ""}`);
  return { installedKiB };
}

/** @param {string} folder @returns {string[]} */
function listFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/**
 * By the rule of the policy: files in whole KiB, and one KiB for everything else.
 * @param {string} folder @param {readonly string[]} files
 */
function installedSize(folder, files) {
  const sizes = files.map((path) =>
    Math.max(1, Math.ceil(lstatSync(join(folder, path)).size / 1024)),
  );
  const folders = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return sizes.reduce((sum, one) => sum + one, folders.length);
}

/** @param {string} folder @param {readonly string[]} files */
function md5sums(folder, files) {
  const lines = files
    .filter((path) => !CONFFILES.includes(`/${path}`))
    .filter((path) => !lstatSync(join(folder, path)).isSymbolicLink())
    .map((path) => {
      const sum = createHash("md5")
        .update(readFileSync(join(folder, path)))
        .digest("hex");
      return `${sum}  ${path}\n`;
    });
  return lines.join("");
}

/** @param {{ architecture: string, version: string, installedKiB: number }} of */
function controlText({ architecture, version, installedKiB }) {
  return [
    "Package: heatpool",
    `Version: ${debianVersion(version)}`,
    `Architecture: ${architecture}`,
    "Maintainer: heatpool contributors <heatpool@localhost>",
    `Installed-Size: ${installedKiB}`,
    `Depends: ${DEPENDS.join(", ")}`,
    "Recommends: ca-certificates",
    "Section: net",
    "Priority: optional",
    "Description: reads a heat pump, and shares what it read only with consent",
    " heatpool reads heat pumps over Modbus TCP or MQTT by profiles of their",
    " manufacturers, warns of faults, and, if the owner agrees, pools pseudonymous",
    " telemetry with others, so that everybody's fault detection gets better.",
    " .",
    " It never writes to the heat pump, and sends nothing before consent.",
    "",
  ].join("\n");
}
