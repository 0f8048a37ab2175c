/** Whom a release is meant for: heat pump models, and versions of the daemon. */

/** In place of a list: every heat pump model. */
const EVERY_MODEL = "*";
const VERSION = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?$/;

/** Whether a release for `meant` is for an installation with `ours`. */
export function isMeantFor(meant: readonly string[], ours: readonly string[]): boolean {
  return meant.some((model) => model === EVERY_MODEL || ours.includes(model));
}

/** Whether `version` is not before `least`; what is no version is before all others. */
export function isVersionAtLeast(version: string, least: string): boolean {
  const [ours, theirs] = [toNumbers(version), toNumbers(least)];
  if (ours === undefined || theirs === undefined) return false;
  const place = theirs.findIndex((part, index) => part !== ours[index]);
  return place === -1 || (ours[place] ?? 0) > (theirs[place] ?? 0);
}

function toNumbers(version: string): readonly number[] | undefined {
  return VERSION.exec(version)?.slice(1, 4).map(Number);
}
