/** An owner on an old Node is told so once at the start, and on a good one not at all. */
import { expect, it } from "vitest";
import { warnAboutNode } from "../../../daemon/host/node-floor.js";

it.each(["v24.0.0", "v24.22.3", "v26.13.1"])("%s is good", (version) => {
  expect(warnAboutNode(version)).toBeUndefined();
});

it.each(["v20.19.2", "v22.30.0", "v23.9.9"])("%s is warned about", (version) => {
  expect(warnAboutNode(version)).toContain(version);
});
