/**
 * `heatpool status`: how the daemon is doing, and what the community says. Works without a running
 * daemon from the state directory; the community is asked only with `--community`.
 */
import { askCommunity } from "../assembly/ask-community.js";
import { openState } from "../assembly/state-files.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { readSetup, type Setup } from "./setup.js";
import { renderStanding, type Standing } from "./standing-text.js";
import type { CommonOptions, Terminal } from "./terminal.js";

export async function status(
  options: CommonOptions & { community?: boolean },
  terminal: Terminal,
): Promise<void> {
  const setup = readSetup(options.config);
  const { config } = setup;
  const answer = await askDaemon(
    terminal.clock,
    controlSocketPath(config.runtimeDir),
    "GET /status",
  );
  const state = openState(config, terminal.clock, terminal.version);
  const local = answer ?? {
    version: terminal.version,
    installationId: state.installationId.read()?.trim(),
    consent: state.book.state().status,
  };
  const community = options.community === true ? await askAbout(setup, terminal) : undefined;
  const report = { isRunning: answer !== undefined, ...(local as object), community };
  if (options.json === true) return terminal.print(JSON.stringify(report, null, 2));
  const standing = community?.standing;
  const plain = toPlain(
    { ...report, vitals: undefined, community: withoutStanding(community) },
    config.language,
  );
  for (const line of renderTree(plain)) terminal.print(line);
  if (standing === undefined) return;
  for (const line of renderStanding(standing, config.language)) terminal.print(line);
}

/** The part of the answer that is told in sentences. */
interface CommunityNews {
  readonly standing?: Standing;
}

/** Only a running daemon may hold the key that the backend asks for. */
async function askAbout(setup: Setup, terminal: Terminal): Promise<CommunityNews> {
  const path = controlSocketPath(setup.config.runtimeDir);
  const answer = await askDaemon(terminal.clock, path, "GET /community");
  return (answer ?? (await askCommunity({ ...setup, ...terminal }))) as CommunityNews;
}

function withoutStanding(community: CommunityNews | undefined) {
  return community && { ...community, standing: undefined };
}

const TIME = /AtMs$/;

/** For a person: one language, times as times, and nothing that says nothing. */
function toPlain(value: unknown, language: "de" | "en"): unknown {
  if (Array.isArray(value)) return value.map((one) => toPlain(one, language));
  if (typeof value !== "object" || value === null) return value === "" ? undefined : value;
  if ("de" in value && "en" in value) return value[language];
  const facts = Object.entries(value).flatMap(([name, one]): [string, unknown][] => {
    if (TIME.test(name) && typeof one === "number") {
      return one === 0 ? [] : [[name.replace(/Ms$/, ""), new Date(one).toISOString()]];
    }
    const plain = toPlain(one, language);
    const isEmpty = typeof plain === "object" && Object.keys(plain ?? {}).length === 0;
    return plain === undefined || isEmpty ? [] : [[name, plain]];
  });
  return Object.fromEntries(facts);
}

/** Nested facts as indented lines. */
export function renderTree(value: unknown, indent = ""): readonly string[] {
  if (typeof value !== "object" || value === null) return [`${indent}${String(value)}`];
  return Object.entries(value).flatMap(([name, one]) => {
    if (one === undefined) return [];
    if (typeof one !== "object" || one === null) return [`${indent}${name}: ${String(one)}`];
    return [`${indent}${name}:`, ...renderTree(one, `${indent}  `)];
  });
}
