/** Not more than so many at once; the others wait in their order. */

/** Lets in and counts. */
export interface Turnstile {
  /** Resolves with the way out, which may be taken twice. */
  enter(): Promise<() => void>;
}

export function createTurnstile(atOnceMax: number): Turnstile {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return {
    async enter() {
      if (inside >= atOnceMax) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
      } else inside += 1;
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        // Who waits longest takes the place over.
        const next = waiting.shift();
        if (next === undefined) inside -= 1;
        else next();
      };
    },
  };
}
