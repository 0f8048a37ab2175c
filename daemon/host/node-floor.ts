/**
 * Which Node a daemon should run on. Older ones work, because that is what Raspberry Pi OS and Debian
 * 13 ship, but nodejs.org mends nothing in them any more, or soon will not.
 *
 * Source: nodejs.org release schedule: 20.x ended 2026-04-30, 22.x ends 2027-04-30, 24.x 2028-04-30.
 */

/** The oldest line with long-term support that is meant for production. */
const LINE_MIN = 24;

/** A sentence for the owner, or nothing when `version` is good. */
export function warnAboutNode(version: string): string | undefined {
  const line = Number(/^v?(\d+)\./.exec(version)?.[1] ?? 0);
  if (line >= LINE_MIN) return undefined;
  return `Node ${version} is older than ${LINE_MIN} LTS; keep it up to date through your system, or install a newer one`;
}
