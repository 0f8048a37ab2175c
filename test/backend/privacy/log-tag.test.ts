/** Ids in logs: whoever reads a log learns no id, and cannot follow one for ever. */
import { expect, it } from "vitest";
import { createTagger } from "../../../backend/privacy/log-tag.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";

const id = "0aa7b810-9dad-41d1-80b4-00c04fd430c8";

it("gives an installation one tag of 16 digits for 14 days, then another", async () => {
  const clock = createFakeClock();
  const tag = createTagger(createChance(1), clock);
  const first = tag(id);
  expect(first).toMatch(/^[0-9a-f]{16}$/);
  expect(tag(id.replace("0", "1"))).not.toBe(first);
  await clock.advance(14 * 86_400_000 - 1);
  expect(tag(id)).toBe(first);
  await clock.advance(1);
  expect(tag(id)).not.toBe(first);
});
