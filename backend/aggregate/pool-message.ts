/** What the pool says about its size, for people, in English and German. Pure. */

/** How large the pool is, and what it takes. */
export interface PoolFacts {
  readonly installations: number;
  readonly readings: number;
  /** Before this much is there, no model can be trained. */
  readonly coldStart: { readonly installations: number; readonly readings: number };
  readonly closedTestPool: boolean;
}

/** Whether there is enough, and the sentences about it. */
export interface PoolMessage {
  readonly dataSufficient: boolean;
  readonly message: string;
  readonly messageDe: string;
}

/** Says what is there, or what is missing. */
export function describePool(facts: PoolFacts): PoolMessage {
  const { installations, readings, coldStart } = facts;
  const missing = {
    installations: Math.max(0, coldStart.installations - installations),
    readings: Math.max(0, coldStart.readings - readings),
  };
  const dataSufficient = missing.installations === 0 && missing.readings === 0;
  const [en, de] = dataSufficient
    ? [
        `${installations} installations share ${readings} readings.`,
        `${installations} Installationen teilen ${readings} Messwerte.`,
      ]
    : [
        `The pool is still collecting: ${missing.installations} more installations and ${missing.readings} more readings are needed.`,
        `Der Pool sammelt noch: Es fehlen ${missing.installations} Installationen und ${missing.readings} Messwerte.`,
      ];
  if (!facts.closedTestPool) return { dataSufficient, message: en, messageDe: de };
  return {
    dataSufficient,
    message: `${en} This is a closed test pool with lowered privacy rules.`,
    messageDe: `${de} Dies ist ein geschlossener Testpool mit gelockerten Datenschutzregeln.`,
  };
}
