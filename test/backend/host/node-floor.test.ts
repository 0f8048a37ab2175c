/** An operator on a Node with known holes must be told; one on a good Node must not be bothered. */
import { expect, it } from "vitest";
import { warnAboutNode } from "../../../backend/host/node-floor.js";

it.each(["v24.22.3", "v24.23.0", "v26.13.1", "v26.14.0", "v27.0.0"])("%s is good", (version) => {
  expect(warnAboutNode(version)).toBeUndefined();
});

it.each(["v20.20.2", "v22.30.0", "v24.22.2", "v24.9.0", "v25.9.9", "v26.13.0"])(
  "%s is warned about",
  (version) => {
    expect(warnAboutNode(version)).toContain(version);
  },
);
