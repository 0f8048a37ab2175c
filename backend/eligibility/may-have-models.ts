/**
 * Whether an installation may be given models now. Pure; asked anew for every push.
 *
 * Contributing decides, and nothing is given to whom nobody could vouch for: a certificate that was
 * taken back, an owner who withdrew. What an owner agreed to beside telemetry makes no difference.
 */

/** What is known of an installation's identity. */
export interface Standing {
  /** 0: its certificate counts. */
  readonly revokedAtMs: number;
  /** Oldest first. */
  readonly consents: readonly {
    readonly withdrawnAtMs: number;
    readonly record: { readonly scopes: readonly string[] };
  }[];
}

const NEEDED = "telemetry";

/** @param standing left out: it is not enrolled */
export function mayHaveModels(standing: Standing | undefined, isContributing: boolean): boolean {
  if (standing === undefined || standing.revokedAtMs > 0 || !isContributing) return false;
  const last = standing.consents.at(-1);
  return last?.withdrawnAtMs === 0 && last.record.scopes.includes(NEEDED);
}
