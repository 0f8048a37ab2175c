/**
 * The programs we test against. They come from Debian; `npm test` installs them where it is root
 * or may use sudo without a password.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Debian package → does it work here? */
const PEERS = {
  "python3-pymodbus": () => ok("/usr/bin/python3", ["-c", "import pymodbus"]),
  "libmodbus-dev": () => ok("pkg-config", ["--exists", "libmodbus"]) && ok("cc", ["--version"]),
  mbpoll: () => ok("mbpoll", ["-V"]),
  mosquitto: () => existsSync("/usr/sbin/mosquitto"),
  "python3-aiosmtpd": () => ok("/usr/bin/python3", ["-c", "import aiosmtpd"]),
  openssl: () => ok("openssl", ["version"]),
  "victoria-metrics": () => ok("sh", ["-c", "command -v victoria-metrics"]),
  postgresql: () => ok("sh", ["-c", "ls /usr/lib/postgresql/*/bin/initdb"]),
  "nginx-light": () => existsSync("/usr/sbin/nginx"),
  "libnginx-mod-stream": () => existsSync("/usr/lib/nginx/modules/ngx_stream_module.so"),
  chromium: () => ok("sh", ["-c", "command -v chromium"]),
};

/**
 * Debian packages that a peer needs beside itself.
 * @type {Record<string, string[]>}
 */
const COMPANIONS = { "libmodbus-dev": ["gcc", "libc6-dev", "pkg-config"] };

/** @param {string} command @param {string[]} args */
function ok(command, args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** Installs what is missing, where that is allowed. Returns what is still missing. */
export function bringPeers() {
  const missing = () =>
    Object.entries(PEERS)
      .filter(([, works]) => !works())
      .map(([name]) => name);
  const wanted = missing();
  if (wanted.length === 0) return [];
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !ok("sudo", ["-n", "true"])) return wanted;
  if (!ok("apt-get", ["--version"])) return wanted;
  const packages = wanted.flatMap((name) => [name, ...(COMPANIONS[name] ?? [])]);
  console.log(`installing real peers for the tests: ${packages.join(", ")}`);
  const apt = (/** @type {string[]} */ args) =>
    spawnSync(isRoot ? "apt-get" : "sudo", isRoot ? args : ["-n", "apt-get", ...args], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  apt(["update", "-qq"]);
  apt(["install", "-y", "-qq", "--no-install-recommends", ...packages]);
  return missing();
}
