/**
 * Finding the registers that make a range fail, by halving it between registers.
 *
 * Of a range known to hold a bad one, the left half is read; when it is good, the right half is
 * known to be bad without being read. For k bad ones among n registers this takes, the failed read
 * of the whole included, at most 1 + 2((k-1) + k(ceil(log2 n) - floor(log2 k))) + k requests. The
 * search pauses between polls and goes on; good halves deliver their values at once.
 */
import type { Clock } from "#core/clock.js";
import type { ProfileRegister } from "#core/profile/profile.js";

/** What one read of some registers told. */
export type Verdict =
  | { readonly kind: "good" }
  | { readonly kind: "bad"; readonly code: number }
  /** Nothing about the registers; the search goes on in the next poll. */
  | { readonly kind: "failed" };

/** Registers in the order of their addresses. */
export type Registers = readonly [ProfileRegister, ...ProfileRegister[]];

/** A search that may last several polls. */
export interface Bisection {
  /** Registers that are being tested; no plan should contain them. */
  readonly openIds: ReadonlySet<string>;
  /** Begins with registers that failed together, with this code. */
  begin(registers: Registers, code: number): void;
  /** Reads at most `requestsMax` times. */
  proceed(read: (registers: Registers) => Promise<Verdict>, requestsMax: number): Promise<void>;
  /** Gives up what is open. */
  stop(): void;
}

interface Segment {
  readonly registers: Registers;
  /** The code of its failed read, or of the range it is known to spoil; `undefined`: not known. */
  readonly code: number | undefined;
  readonly sinceMs: number;
}

/** A single register is believed to be bad after a second failed read this much later. */
const CONFIRM_AFTER_MS = 1000;

/** @param onBad called once per register that was confirmed to be bad */
export function createBisection(
  clock: Clock,
  onBad: (register: ProfileRegister, code: number) => void,
): Bisection {
  let open: Segment[] = [];

  const segment = (registers: Registers, code: number | undefined): Segment => ({
    registers,
    code,
    sinceMs: clock.monotonicMs(),
  });
  const isEarly = (one: Segment): boolean =>
    one.code !== undefined &&
    one.registers.length === 1 &&
    clock.monotonicMs() - one.sinceMs < CONFIRM_AFTER_MS;

  /** Reads of one segment; returns what remains open of it, or `undefined` when nothing was told. */
  async function test(
    one: Segment,
    read: (registers: Registers) => Promise<Verdict>,
  ): Promise<Segment[] | undefined> {
    const halves = one.code === undefined ? undefined : halve(one.registers);
    const verdict = await read(halves === undefined ? one.registers : halves[0]);
    if (verdict.kind === "failed") return undefined;
    if (halves !== undefined) {
      const [left, right] = halves;
      return verdict.kind === "good"
        ? [segment(right, one.code)]
        : [segment(right, undefined), segment(left, verdict.code)];
    }
    if (verdict.kind === "good") return [];
    if (one.code === undefined) return [segment(one.registers, verdict.code)];
    onBad(one.registers[0], verdict.code);
    return [];
  }

  return {
    get openIds() {
      return new Set(open.flatMap(({ registers }) => registers.map((one) => one.id)));
    },
    begin(registers, code) {
      open.push(segment(registers, code));
    },
    async proceed(read, requestsMax) {
      for (let requests = 0; requests < requestsMax; requests++) {
        const at = open.findLastIndex((one) => !isEarly(one));
        const one = open[at];
        if (one === undefined) return;
        const rest = await test(one, read);
        if (rest === undefined) return;
        // `stop` may have emptied the list while a register was found to be bad.
        const place = open.indexOf(one);
        if (place >= 0) open.splice(place, 1, ...rest);
      }
    },
    stop() {
      open = [];
    },
  };
}

/** Two halves, the left one not shorter; `undefined` for a single register. */
function halve(registers: Registers): readonly [Registers, Registers] | undefined {
  const [first, ...rest] = registers;
  const leftCount = Math.ceil(registers.length / 2);
  const [right, ...others] = registers.slice(leftCount);
  if (right === undefined) return undefined;
  return [
    [first, ...rest.slice(0, leftCount - 1)],
    [right, ...others],
  ];
}
