/**
 * What `heatpool install` puts where, for people who got the program from npm: the units with the
 * paths of this Node and this program in place of the Debian package's. Pure.
 */
import { HeatpoolError } from "#core/errors.js";

/** A file of the plan. */
export interface PlannedFile {
  /** Absolute. */
  readonly path: string;
  /** Name in our folder `systemd`. */
  readonly source: string;
  /** Whether a file that is there stays as it is. */
  readonly isKept: boolean;
}

/** Paths that the packaged units name. */
const PACKAGED_NODE = "/usr/bin/node";
const PACKAGED_LIB = "/usr/lib/heatpool/";
/** The unit may not look into these. */
const HIDDEN = ["/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"];

export const PLAN: readonly PlannedFile[] = [
  { path: "/etc/systemd/system/heatpool.service", source: "heatpool.service", isKept: false },
  {
    path: "/etc/systemd/system/heatpool-device-key.service",
    source: "heatpool-device-key.service",
    isKept: false,
  },
  { path: "/etc/sysusers.d/heatpool.conf", source: "heatpool.sysusers", isKept: false },
  { path: "/etc/tmpfiles.d/heatpool.conf", source: "heatpool.tmpfiles", isKept: false },
  { path: "/etc/default/heatpool", source: "heatpool.default", isKept: true },
];

/**
 * A unit for this Node and this program.
 *
 * @param where.lib folder of the program's `package.json`, ending in `/`
 * @throws HeatpoolError `CONFIG_INVALID` when the unit could not reach them
 */
export function fitUnit(text: string, where: { node: string; lib: string }): string {
  for (const path of [where.node, where.lib]) {
    const hidden = HIDDEN.find((folder) => path.startsWith(folder));
    if (hidden === undefined) continue;
    throw new HeatpoolError("CONFIG_INVALID", `${path}: the service may not look into ${hidden}`, {
      hint: "Install Node and heatpool for everybody: `sudo npm install --global heatpool`.",
    });
  }
  const fitted = text
    .replaceAll(`${PACKAGED_NODE} `, `${where.node} `)
    .replaceAll(PACKAGED_LIB, where.lib);
  // Libraries of Node and our native ones are mapped as programs are.
  return fitted.replace(/^(ExecPaths=.*)$/m, `$1 ${where.lib}`);
}
