/** What the demo shows: a few lines that are drawn again on a terminal, one line at a time elsewhere. */

/** The state of the journey. */
export interface Facts {
  readonly seconds: number;
  readonly polls: number;
  readonly readingsTaken: number;
  readonly isOnline: boolean;
  readonly backlog: {
    readonly snapshots: number;
    readonly unsealed: number;
    readonly admitted: number;
    readonly lost: number;
    readonly unaccounted: number;
  };
  readonly wireBytes: number;
  readonly communityDelivered: number;
  readonly communityAll: number;
  readonly averages: readonly string[];
  readonly eligibility: string;
}

/** Prints. */
export interface View {
  show(facts: Facts): void;
  note(text: string): void;
  /** Lets the last picture stand. */
  end(): void;
}

const BAR_WIDTH = 30;
/** Without a terminal a line this often is enough. */
const PLAIN_EVERY_MS = 3_000;

/** @param options.isTerminal whether lines may be drawn again */
export function createView(options: { isTerminal: boolean }): View {
  let drawn = 0;
  let shownAtMs = 0;
  const erase = (): void => {
    if (drawn > 0) process.stdout.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  };
  return {
    show(facts) {
      if (options.isTerminal) {
        erase();
        const lines = picture(facts);
        process.stdout.write(`${lines.join("\n")}\n`);
        drawn = lines.length;
      } else if (Date.now() - shownAtMs >= PLAIN_EVERY_MS) {
        shownAtMs = Date.now();
        console.log(plain(facts));
      }
    },
    note(text) {
      erase();
      console.log(text);
    },
    end() {
      drawn = 0;
    },
  };
}

function picture(facts: Facts): string[] {
  const { backlog } = facts;
  const waiting = backlog.snapshots + backlog.unsealed;
  const link = facts.isOnline ? "connected" : "CUT";
  return [
    "",
    `  heat pump   ${facts.polls} polls, ${facts.readingsTaken} readings`,
    `  backlog     ${bar(waiting)} ${waiting} snapshots wait`,
    `  uplink      ${link}, ${backlog.admitted} snapshots acked, ${facts.wireBytes} bytes sent`,
    `  lost        ${backlog.lost}, unaccounted ${backlog.unaccounted}`,
    `  community   ${facts.communityDelivered} of ${facts.communityAll} snapshots delivered`,
    ...facts.averages.map((line) => `              ${line}`),
    `  models      ${facts.eligibility}`,
    "",
  ];
}

function plain(facts: Facts): string {
  const waiting = facts.backlog.snapshots + facts.backlog.unsealed;
  const link = facts.isOnline ? "connected" : "cut";
  return [
    `${facts.seconds.toFixed(0).padStart(3)} s`,
    `polls ${facts.polls}`,
    `readings ${facts.readingsTaken}`,
    `uplink ${link}`,
    `waiting ${waiting}`,
    `acked ${facts.backlog.admitted}`,
    `community ${facts.communityDelivered}/${facts.communityAll}`,
    ...facts.averages.slice(0, 1),
  ].join("  ");
}

function bar(count: number): string {
  const filled = Math.min(BAR_WIDTH, count);
  return `[${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}]`;
}
