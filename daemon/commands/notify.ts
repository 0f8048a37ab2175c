/** `heatpool notify test`: one message by every channel, or by one, to see that it arrives. */
import { readFileSync } from "node:fs";
import { createUniform } from "#core/backoff.js";
import { HeatpoolError } from "#core/errors.js";
import { createDesk } from "../notify/create-desk.js";
import { createNotifiers } from "../notify/create-notifiers.js";
import { openTold } from "../notify/told.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** @throws HeatpoolError `NOT_FOUND` no such channel · `UNAVAILABLE` one of them failed */
export async function testNotify(
  options: CommonOptions & { channel?: string },
  terminal: Terminal,
): Promise<void> {
  const { config } = readSetup(options.config);
  const notifiers = createNotifiers(config.notify.channels, readFileSync, "heatpool-test");
  const desk = createDesk({
    notifiers,
    told: openTold({ read: () => undefined, write: () => undefined }),
    language: config.language,
    clock: terminal.clock,
    random: createUniform(terminal.chance),
    localHour: (atMs) => new Date(atMs).getHours(),
    log: () => undefined,
  });
  const failed = await desk.test(options.channel);
  const names = notifiers
    .map((one) => one.name)
    .filter((name) => options.channel === undefined || name === options.channel);
  const results = names.map((name) => ({ channel: name, fault: failed.get(name) ?? null }));
  if (options.json === true) terminal.print(JSON.stringify({ results }));
  else for (const { channel, fault } of results) terminal.print(`${channel}: ${fault ?? "sent"}`);
  if (failed.size === 0) return;
  throw new HeatpoolError("UNAVAILABLE", `${failed.size} of ${names.length} channels failed`, {
    hint: "The lines above say why; what is wrong is in `notify` of the configuration.",
  });
}
