/** An allowance that is used up and grows back. Pure; time is told. */

/** How much at once, and how much on average. */
export interface BucketSize {
  readonly burst: number;
  readonly perSecond: number;
}

/** An allowance. */
export interface TokenBucket {
  /** Takes `amount`; `false`: it is not there, and nothing is taken. */
  take(amount: number, nowMs: number): boolean;
  /** Takes `amount` even where it is not there; what is owed has to grow back first. */
  charge(amount: number, nowMs: number): void;
  /** Gives `amount` back, e.g. because it was well spent. */
  giveBack(amount: number): void;
  /** How long until `amount` is there. */
  waitMs(amount: number, nowMs: number): number;
  isFull(nowMs: number): boolean;
}

export function createTokenBucket({ burst, perSecond }: BucketSize, startMs: number): TokenBucket {
  let level = burst;
  let atMs = startMs;
  const fill = (nowMs: number): void => {
    level = Math.min(burst, level + (Math.max(0, nowMs - atMs) * perSecond) / 1000);
    atMs = Math.max(atMs, nowMs);
  };
  return {
    take(amount, nowMs) {
      fill(nowMs);
      if (level < amount) return false;
      level -= amount;
      return true;
    },
    charge(amount, nowMs) {
      fill(nowMs);
      // Nobody is shut out for longer than it takes to fill it twice.
      level = Math.max(-burst, level - amount);
    },
    giveBack(amount) {
      level = Math.min(burst, level + amount);
    },
    waitMs(amount, nowMs) {
      fill(nowMs);
      return Math.max(0, ((amount - level) * 1000) / perSecond);
    },
    isFull(nowMs) {
      fill(nowMs);
      return level >= burst;
    },
  };
}
