/**
 * What a client of TUF has to withstand, scenario by scenario, over the adapter that daemons use.
 *
 * Written from the specification (TUF 1.0.31, sections 1.5.2 and 5); the list of scenarios is that of
 * theupdateframework's conformance suite, as far as it is about metadata. After each refusal the
 * last good catalogue is in use, and honest news are taken again.
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Role } from "#core/catalogue/metadata.js";
import { type CatalogueBed, createCatalogueBed } from "../../support/daemon-catalogue.js";
import { temporaryFolder } from "../../support/folder.js";
import {
  aRelease,
  DAY_MS,
  type Json,
  signedFile,
  type TufRepository,
  testKey,
  toBytes,
} from "../../support/tuf-repository.js";

const folder = temporaryFolder();
const ROLES: readonly Role[] = ["root", "timestamp", "snapshot", "targets"];

/** A daemon that trusts two publications of the repository. */
async function trustingBed(): Promise<CatalogueBed> {
  const bed = await createCatalogueBed(folder);
  expect(await bed.refresh()).toBe("fresh");
  bed.repository.publish();
  expect(await bed.refresh()).toBe("fresh");
  return bed;
}

/** Publishes the next file of `role`, changed before it is signed, and what is needed around it. */
function publishChanged(r: TufRepository, role: Role, change: (signed: Json) => void): void {
  if (role === "root") r.root(undefined, change);
  if (role === "targets") r.targets(change);
  if (role === "targets" || role === "snapshot")
    r.snapshot(role === "snapshot" ? change : undefined);
  if (role !== "root") r.timestamp(role === "timestamp" ? change : undefined);
}

/** Publishes the next file of `role`, changed after it was signed. */
function publishFile(r: TufRepository, role: Role, change: (file: Json) => Json | Buffer): void {
  const put = (one: Role) => r.put(one, r.versions[one], change(r.json(one)));
  if (role === "root") {
    r.root();
    put("root");
    return;
  }
  r.targets();
  if (role === "targets") put(role);
  r.snapshot();
  if (role === "snapshot") put(role);
  r.timestamp();
  if (role === "timestamp") put(role);
}

/** Everybody honest again: the next root, if one was forged, and a publication. */
function mend(r: TufRepository, role: Role): void {
  if (role === "root") {
    r.versions.root -= 1;
    r.root();
  }
  r.publish();
}

async function expectRefused(
  bed: CatalogueBed,
  role: Role,
  attack: (r: TufRepository) => void,
  why: RegExp,
): Promise<void> {
  const before = bed.catalogue.trusted();
  attack(bed.repository);
  const report = await bed.report();
  expect(report).toMatchObject({
    outcome: "failed",
    fault: { code: "CATALOGUE_REFUSED", message: expect.stringMatching(why) },
  });
  expect(bed.catalogue.trusted()?.version).toBe(before?.version);
  expect(bed.catalogue.state().refusals).toBeGreaterThan(0);
  mend(bed.repository, role);
  expect(await bed.refresh()).toBe("fresh");
}

describe("rollback", () => {
  it("of the timestamp is refused, also after a restart", async () => {
    const bed = await trustingBed();
    const old = bed.repository.bytes("timestamp");
    bed.repository.publish();
    await bed.refresh();
    await bed.restart();
    bed.repository.put("timestamp", 0, old);
    expect(await bed.report()).toMatchObject({ fault: { message: /less than current/ } });
    expect(bed.catalogue.trusted()?.version).toBe(3);
  });

  it("of the snapshot, by a new timestamp, is refused", async () => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) => {
      r.versions.snapshot = 1;
      r.timestamp();
      r.versions.snapshot = 2;
    };
    await expectRefused(bed, "timestamp", attack, /less than current/);
  });

  it("of targets, by a new snapshot, is refused", async () => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) => {
      r.versions.targets = 1;
      r.refreshed();
      r.versions.targets = 2;
    };
    await expectRefused(bed, "snapshot", attack, /less than current/);
  });

  it("of root, under the next number, is refused", async () => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) => {
      r.versions.root += 1;
      r.put("root", r.versions.root, r.bytes("root", 1));
    };
    await expectRefused(bed, "root", attack, /Expected version 2, got 1/);
  });

  it("to the pinned root is refused after roots were rotated", async () => {
    const bed = await trustingBed();
    bed.repository.root();
    await bed.refresh();
    await bed.restart();
    expect(bed.catalogue.state().rootVersion).toBe(2);
    bed.repository.files.delete("2.root.json");
    expect(await bed.refresh()).toBe("fresh");
    expect(bed.catalogue.state().rootVersion).toBe(2);
  });
});

describe("freeze", () => {
  it("is noticed within three days: STALE, refused, no crash, the catalogue stays in use", async () => {
    const bed = await trustingBed();
    await bed.clock.advance(3 * DAY_MS);
    expect(bed.catalogue.state().freshness).toBe("STALE");
    expect(await bed.report()).toMatchObject({ fault: { message: /timestamp.*expired/ } });
    expect(bed.catalogue.trusted()?.find({ modelId: "aero-slm" })).toEqual(aRelease());
    await bed.restart();
    expect(bed.catalogue.state().freshness).toBe("STALE");
    bed.repository.nowMs = bed.clock.nowMs();
    bed.repository.publish();
    expect(await bed.refresh()).toBe("fresh");
    expect(bed.catalogue.state().freshness).toBe("FRESH");
  });

  it.each(["timestamp", "snapshot", "targets"] as const)(
    "by an expired %s is refused",
    async (role) => {
      const bed = await trustingBed();
      const old = (signed: Json) => {
        signed.expires = "2026-10-31T23:59:59Z";
      };
      await expectRefused(bed, role, (r) => publishChanged(r, role, old), /expired/);
    },
  );

  it("by an expired root is refused, and the next root is still its successor", async () => {
    const bed = await trustingBed();
    const { repository } = bed;
    repository.root(undefined, (signed) => {
      signed.expires = "2026-10-31T23:59:59Z";
    });
    repository.publish();
    expect(await bed.report()).toMatchObject({ fault: { message: /root.*expired/ } });
    expect(bed.catalogue.trusted()?.version).toBe(2);
    repository.root();
    expect(await bed.refresh()).toBe("fresh");
    expect(bed.catalogue.state().rootVersion).toBe(3);
  });

  it("a root that expired is followed to one that did not", async () => {
    const bed = await createCatalogueBed(folder);
    await bed.pass(400 * DAY_MS);
    bed.repository.expires.root = DAY_MS;
    bed.repository.root();
    await bed.pass(2 * DAY_MS);
    bed.repository.expires.root = 365 * DAY_MS;
    bed.repository.root();
    bed.repository.publish();
    await bed.restart();
    expect(await bed.refresh()).toBe("fresh");
    expect(bed.catalogue.state().rootVersion).toBe(3);
  });

  it("an expired timestamp, snapshot or targets in memory still stops a rollback", async () => {
    const bed = await trustingBed();
    await bed.pass(8 * DAY_MS);
    const { repository } = bed;
    repository.versions.timestamp = 1;
    repository.timestamp();
    repository.versions.timestamp = 1;
    repository.timestamp();
    repository.put(
      "timestamp",
      1,
      signedFile({ ...repository.json("timestamp").signed, version: 1 }, repository.keys.timestamp),
    );
    expect(await bed.report()).toMatchObject({ fault: { message: /less than current/ } });
  });
});

describe("mix and match", () => {
  it("of three publications' files, only those that belong together are taken (A4)", async () => {
    const { repository } = await createCatalogueBed(folder);
    repository.publish();
    repository.publish();
    const stamps = [1, 2, 3].map((version) => {
      const { signed } = repository.json("timestamp");
      const bytes = repository.bytes("snapshot", version);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const meta = { "snapshot.json": { version, length: bytes.length, hashes: { sha256 } } };
      return toBytes(signedFile({ ...signed, version, meta }, repository.keys.timestamp));
    });
    const taken: string[] = [];
    for (const timestamp of [1, 2, 3]) {
      for (const snapshot of [1, 2, 3]) {
        for (const targets of [1, 2, 3]) {
          const bed = await createCatalogueBed(folder, { repository });
          repository.answer = async (name) => {
            if (name === "timestamp.json") return stamps[timestamp - 1];
            if (name.endsWith("snapshot.json")) return repository.bytes("snapshot", snapshot);
            if (name.endsWith("targets.json")) return repository.bytes("targets", targets);
            return undefined;
          };
          const outcome = await bed.refresh();
          if (outcome === "fresh") taken.push(`${timestamp}${snapshot}${targets}`);
        }
      }
    }
    expect(taken).toEqual(["111", "222", "333"]);
  });

  it("targets of another publication are refused", async () => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) => {
      r.publish();
      r.put("targets", 3, r.bytes("targets", 2));
    };
    await expectRefused(bed, "targets", attack, /hash|length/i);
  });

  it("a snapshot of another publication is refused", async () => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) => {
      r.publish();
      r.put("snapshot", 3, r.bytes("snapshot", 2));
    };
    await expectRefused(bed, "snapshot", attack, /hash|length/i);
  });

  it("a snapshot without targets is refused", async () => {
    const bed = await trustingBed();
    const none = (signed: Json) => {
      signed.meta = {};
    };
    await expectRefused(
      bed,
      "snapshot",
      (r) => publishChanged(r, "snapshot", none),
      /targets\.json/,
    );
  });

  it("targets of another version than the snapshot says are refused", async () => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) => {
      r.targets((signed) => {
        signed.version = 7;
      });
      r.refreshed();
    };
    await expectRefused(bed, "targets", attack, /does not match/);
  });

  it("a snapshot of another version than the timestamp says is refused", async () => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) => {
      r.snapshot((signed) => {
        signed.version = 7;
      });
      r.timestamp();
    };
    const mended = expectRefused(bed, "snapshot", attack, /doesn't match/);
    await mended;
  });
});

describe("fast-forward", () => {
  const LAST = Number.MAX_SAFE_INTEGER;

  it("of the timestamp is ended by another timestamp key", async () => {
    const bed = await trustingBed();
    const { repository } = bed;
    repository.timestamp((signed) => {
      signed.version = LAST;
    });
    expect(await bed.refresh()).toBe("fresh");
    repository.publish();
    expect(await bed.refresh()).toBe("CATALOGUE_REFUSED");
    repository.keys.timestamp = [testKey("new timestamp")];
    repository.root();
    repository.publish();
    expect(await bed.refresh()).toBe("fresh");
    expect(bed.catalogue.trusted()?.version).toBe(repository.versions.targets);
  });

  it("of the snapshot is ended by other snapshot and timestamp keys", async () => {
    const bed = await trustingBed();
    const { repository } = bed;
    repository.versions.snapshot = LAST - 1;
    repository.refreshed();
    expect(await bed.refresh()).toBe("fresh");
    repository.versions.snapshot = 5;
    repository.publish();
    expect(await bed.refresh()).toBe("CATALOGUE_REFUSED");
    repository.keys.snapshot = [testKey("new snapshot")];
    repository.keys.timestamp = [testKey("new timestamp")];
    repository.root();
    repository.publish();
    expect(await bed.refresh()).toBe("fresh");
  });

  it("of targets, by the snapshot, is ended by another snapshot key", async () => {
    const bed = await trustingBed();
    const { repository } = bed;
    repository.versions.targets = LAST - 1;
    repository.publish();
    expect(await bed.refresh()).toBe("fresh");
    repository.versions.targets = 5;
    repository.publish();
    expect(await bed.refresh()).toBe("CATALOGUE_REFUSED");
    repository.keys.snapshot = [testKey("new snapshot")];
    repository.root();
    repository.publish();
    expect(await bed.refresh()).toBe("fresh");
    expect(bed.catalogue.trusted()?.version).toBe(7);
  });

  it.each(ROLES)("beyond safe integers is refused: %s", async (role) => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) =>
      publishFile(r, role, (file) => {
        const text = toBytes(file).toString("latin1");
        return Buffer.from(
          text.replace(/"version":\d+}}$/, '"version":9007199254740993}}'),
          "latin1",
        );
      });
    await expectRefused(bed, role, attack, /canonical/);
  });
});

describe("root rotation", () => {
  const others = ["s1", "s2", "s3"].map(testKey);

  it("by the thresholds of both is followed, one root after the other", async () => {
    const bed = await trustingBed();
    const { repository } = bed;
    for (const next of [others, ["t1", "t2", "t3"].map(testKey)]) {
      const old = repository.keys.root;
      repository.keys.root = next;
      repository.root([...old.slice(0, 2), ...next.slice(1)]);
    }
    repository.publish();
    expect(await bed.refresh()).toBe("fresh");
    expect(bed.catalogue.state().rootVersion).toBe(3);
    expect(repository.asked.filter((name) => name.endsWith("root.json")).slice(-3)).toEqual([
      "2.root.json",
      "3.root.json",
      "4.root.json",
    ]);
  });

  it("signed by the old keys only is refused", async () => {
    const bed = await trustingBed();
    const { repository } = bed;
    const old = repository.keys.root;
    repository.keys.root = others;
    const attack = (r: TufRepository) => {
      r.root(old);
      r.keys.root = old;
    };
    await expectRefused(bed, "root", attack, /root was signed by 0\/2/);
  });

  it("signed by the new keys only is refused", async () => {
    const bed = await trustingBed();
    const { repository } = bed;
    const old = repository.keys.root;
    repository.keys.root = others;
    const attack = (r: TufRepository) => {
      r.root(others);
      r.keys.root = old;
    };
    await expectRefused(bed, "root", attack, /root was signed by 0\/2/);
  });

  it("over a gap is not followed: the root before it stays", async () => {
    const bed = await trustingBed();
    bed.repository.root();
    bed.repository.root();
    bed.repository.files.delete("2.root.json");
    expect(await bed.refresh()).toBe("fresh");
    expect(bed.catalogue.state().rootVersion).toBe(1);
    expect(bed.repository.asked).not.toContain("3.root.json");
  });

  it("to the one after the next, under the next's number, is refused", async () => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) => {
      r.root();
      r.root();
      r.put("root", 2, r.bytes("root", 3));
      r.files.delete("3.root.json");
      r.versions.root = 2;
    };
    await expectRefused(bed, "root", attack, /Expected version 2, got 3/);
  });

  it("keeps verified roots also when a later one is refused", async () => {
    const bed = await trustingBed();
    const { repository } = bed;
    repository.root();
    repository.root([testKey("r1")]);
    expect(await bed.refresh()).toBe("CATALOGUE_REFUSED");
    expect(bed.catalogue.state().rootVersion).toBe(2);
    await bed.restart();
    expect(bed.catalogue.state().rootVersion).toBe(2);
  });

  it("takes 32 roots a cycle, and the rest in the next", async () => {
    const bed = await trustingBed();
    for (let count = 0; count < 40; count += 1) bed.repository.root();
    expect(await bed.report()).toMatchObject({
      fault: { code: "UNAVAILABLE", message: /next cycle/ },
    });
    expect(bed.catalogue.state().rootVersion).toBe(33);
    expect(await bed.refresh()).toBe("fresh");
    expect(bed.catalogue.state().rootVersion).toBe(41);
  });

  it("that revokes the targets key ends trust in what it signed", async () => {
    const bed = await trustingBed();
    bed.repository.keys.targets = [testKey("new targets")];
    bed.repository.root();
    expect(await bed.refresh()).toBe("CATALOGUE_REFUSED");
    expect(bed.catalogue.trusted()).toBeUndefined();
    bed.repository.publish();
    expect(await bed.refresh()).toBe("fresh");
    expect(bed.catalogue.trusted()?.version).toBe(3);
  });

  it.each(["targets", "snapshot", "timestamp"] as const)(
    "to another %s key is followed",
    async (role) => {
      const bed = await trustingBed();
      const old = bed.repository.keys[role];
      bed.repository.keys[role] = [testKey(`new ${role}`)];
      bed.repository.root();
      bed.repository.publish();
      expect(await bed.refresh()).toBe("fresh");
      bed.repository.keys[role] = old;
      bed.repository.publish();
      expect(await bed.refresh()).toBe("CATALOGUE_REFUSED");
    },
  );
});

describe("signatures", () => {
  it.each(ROLES)("none: %s is refused", async (role) => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) =>
      publishFile(r, role, (file) => ({ ...file, signatures: [] }));
    await expectRefused(bed, role, attack, /signed by 0/);
  });

  it.each(ROLES)("of a stranger: %s is refused", async (role) => {
    const bed = await trustingBed();
    const strangers = [testKey("stranger"), testKey("other stranger")];
    const attack = (r: TufRepository) =>
      publishFile(r, role, ({ signed }) => signedFile(signed, strangers));
    await expectRefused(bed, role, attack, /is not good/);
  });

  it.each(ROLES)("of other bytes: %s is refused", async (role) => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) =>
      publishFile(r, role, (file) => ({ ...file, signed: { ...file.signed, extra: 1 } }));
    await expectRefused(bed, role, attack, /is not good/);
  });

  it.each(["root", "targets", "snapshot", "timestamp"] as const)(
    "one where two are wanted: %s is refused",
    async (role) => {
      const bed = await trustingBed();
      const { repository } = bed;
      if (role !== "root") {
        repository.keys[role] = [testKey(`${role} a`), testKey(`${role} b`)];
        repository.thresholds[role] = 2;
        repository.root();
        repository.publish();
        expect(await bed.refresh()).toBe("fresh");
      }
      const attack = (r: TufRepository) =>
        publishFile(r, role, ({ signed }) => signedFile(signed, r.keys[role].slice(0, 1)));
      await expectRefused(bed, role, attack, /signed by 1\/2/);
    },
  );

  it.each(ROLES)("the same twice: %s is refused", async (role) => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) =>
      publishFile(r, role, (file) => ({
        ...file,
        signatures: [file.signatures[0], file.signatures[0]],
      }));
    await expectRefused(bed, role, attack, /two signatures of one key id/);
  });

  it("by a key of another role are refused", async () => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) =>
      publishFile(r, "timestamp", ({ signed }) => signedFile(signed, r.keys.targets));
    await expectRefused(bed, "timestamp", attack, /is not good/);
  });

  it("beside enough good ones, a bad one is refused: nothing goes unlooked at", async () => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) =>
      publishFile(r, "root", (file) => {
        file.signatures[2].sig = file.signatures[1].sig;
        return file;
      });
    await expectRefused(bed, "root", attack, /is not good/);
  });
});

describe("form", () => {
  it.each(ROLES)("%s of the wrong type is refused", async (role) => {
    const bed = await trustingBed();
    const wrong = (signed: Json) => {
      signed._type = role === "root" ? "targets" : "root";
    };
    await expectRefused(bed, role, (r) => publishChanged(r, role, wrong), /_type/);
  });

  it.each(ROLES)("%s of an unknown specification is refused", async (role) => {
    const bed = await trustingBed();
    const wrong = (signed: Json) => {
      signed.spec_version = "2.0.0";
    };
    await expectRefused(bed, role, (r) => publishChanged(r, role, wrong), /not TUF 1/);
  });

  it.each(ROLES)("%s with members nobody knows is taken: they are signed", async (role) => {
    const bed = await trustingBed();
    publishChanged(bed.repository, role, (signed) => {
      signed.x_future = { list: [1, "two", null, true] };
    });
    if (role === "root") bed.repository.publish();
    expect(await bed.refresh()).toBe("fresh");
  });

  const missing = ROLES.flatMap((role) =>
    ["_type", "spec_version", "version", "expires"].map((member) => [role, member] as const),
  );
  it.each(missing)("%s without %s is refused", async (role, member) => {
    const bed = await trustingBed();
    const without = (signed: Json) => {
      delete signed[member];
    };
    await expectRefused(bed, role, (r) => publishChanged(r, role, without), new RegExp(member));
  });

  const bad: [string, Role, (signed: Json) => void][] = [
    ["a root without a role", "root", (signed) => delete signed.roles.snapshot],
    ["a root with a fifth role", "root", (s) => (s.roles.mirrors = s.roles.root)],
    ["a root without consistent snapshots", "root", (s) => (s.consistent_snapshot = false)],
    ["a root with a threshold of 0", "root", (s) => (s.roles.targets.threshold = 0)],
    ["a root with a threshold beyond its keys", "root", (s) => (s.roles.targets.threshold = 2)],
    [
      "a role that names a key id twice",
      "root",
      (s) => (s.roles.root.keyids[1] = s.roles.root.keyids[0]),
    ],
    [
      "a role that names a key nobody lists",
      "root",
      (s) => (s.roles.targets.keyids = ["0".repeat(64)]),
    ],
    ["one key for two roles", "root", (s) => (s.roles.targets.keyids = s.roles.timestamp.keyids)],
    [
      "a director key that is a targets key",
      "root",
      (s) => {
        const [id] = s.roles.targets.keyids;
        s.heatpool.director_keys = { [id]: s.keys[id] };
      },
    ],
    ["a root without director keys", "root", (signed) => delete signed.heatpool],
    ["an RSA key", "root", (s) => (s.keys[s.roles.targets.keyids[0]].keytype = "rsa")],
    [
      "a timestamp that lists two files",
      "timestamp",
      (s) => (s.meta["root.json"] = { version: 1 }),
    ],
    ["a timestamp without a signed time", "timestamp", (signed) => delete signed.heatpool],
    ["a snapshot listed without a hash", "timestamp", (s) => delete s.meta["snapshot.json"].hashes],
    ["targets listed without a length", "snapshot", (s) => delete s.meta["targets.json"].length],
    [
      "targets listed with a weak hash",
      "snapshot",
      (s) => (s.meta["targets.json"].hashes = { md5: "0" }),
    ],
    ["targets of version 0", "snapshot", (s) => (s.meta["targets.json"].version = 0)],
  ];
  it.each(bad)("%s is refused", async (_, role, change) => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) => publishChanged(r, role, (signed) => void change(signed));
    await expectRefused(bed, role, attack, new RegExp(role));
  });

  it.each(ROLES)("%s that is no JSON, no object, or nothing is refused", async (role) => {
    const texts = [
      "",
      "{",
      "null",
      "[]",
      "7",
      '"text"',
      "{}",
      '{"signatures":[],"signed":{}}',
      "[".repeat(9_000),
    ];
    for (const text of texts) {
      const bed = await trustingBed();
      const attack = (r: TufRepository) => publishFile(r, role, () => Buffer.from(text));
      await expectRefused(bed, role, attack, /./);
    }
  });
});

describe("lengths and hashes", () => {
  it.each(["snapshot", "targets"] as const)(
    "%s with a byte too many or too few is refused",
    async (role) => {
      for (const change of [-1, 1]) {
        const bed = await trustingBed();
        const attack = (r: TufRepository) => {
          r.publish();
          const bytes = r.bytes(role);
          const other =
            change < 0 ? bytes.subarray(0, -1) : Buffer.concat([bytes, Buffer.from(" ")]);
          r.put(role, r.versions[role], other);
        };
        await expectRefused(bed, role, attack, /./);
      }
    },
  );

  it("a snapshot and targets with another hash than was listed are refused", async () => {
    for (const [role, lister] of [
      ["snapshot", "timestamp"],
      ["targets", "snapshot"],
    ] as const) {
      const bed = await trustingBed();
      const wrong = (signed: Json) => {
        signed.meta[`${role}.json`].hashes.sha256 = createHash("sha256").update("x").digest("hex");
      };
      const attack = (r: TufRepository) => {
        r.targets();
        if (lister === "snapshot") r.snapshot(wrong);
        else r.snapshot();
        r.timestamp(lister === "timestamp" ? wrong : undefined);
      };
      await expectRefused(bed, role, attack, /hash/i);
    }
  });

  it.each([
    ["root", 512 * 1024],
    ["timestamp", 16 * 1024],
    ["snapshot", 1024 * 1024],
    ["targets", 4 * 1024 * 1024],
  ] as const)("endless %s is refused", async (role, most) => {
    const bed = await trustingBed();
    const name = role === "timestamp" ? "timestamp.json" : `3.${role}.json`;
    const wanted = role === "root" ? "2.root.json" : name;
    bed.repository.publish();
    bed.repository.answer = async (asked) =>
      asked === wanted ? Buffer.alloc(most + 1, " ") : bed.repository.files.get(asked);
    expect(await bed.refresh()).toBe("CATALOGUE_REFUSED");
    bed.repository.answer = undefined;
    expect(await bed.refresh()).toBe("fresh");
  });

  it("no more is asked for than was listed", async () => {
    const bed = await trustingBed();
    const { repository } = bed;
    repository.publish();
    const asked: number[] = [];
    const fetch = repository.fetch.bind(repository);
    repository.fetch = (role, version, ...rest: unknown[]) => {
      asked.push(rest[0] as number);
      return fetch(role, version);
    };
    await bed.refresh();
    expect(asked).toEqual([
      512 * 1024,
      16 * 1024,
      repository.bytes("snapshot").length,
      repository.bytes("targets").length,
    ]);
  });
});

describe("names of targets", () => {
  const names = [
    "../aero-slm/1/model.enc",
    "/aero-slm/1/model.enc",
    "aero-slm/../1/model.enc",
    "%2e%2e/1/model.enc",
    "aero-slm/1/model.enc/..",
    "aero-slm\\1\\model.enc",
    "aero-slm/01/model.enc",
    "aero-slm/1/other.enc",
    "other/1/model.enc",
    "",
    "a".repeat(300),
  ];
  it.each(names)("%s is refused, whoever signed it", async (name) => {
    const bed = await trustingBed();
    const rename = (signed: Json) => {
      signed.targets = { [name]: Object.values(signed.targets)[0] };
    };
    await expectRefused(bed, "targets", (r) => publishChanged(r, "targets", rename), /path/);
  });

  it.each(["a\u0000b", "a\nb", "ä", "a\u007fb"])("%j in a text is refused", async (text) => {
    const bed = await trustingBed();
    const attack = (r: TufRepository) =>
      publishFile(r, "targets", (file) =>
        Buffer.from(JSON.stringify(file).replaceAll("AERO_SLM", text)),
      );
    await expectRefused(bed, "targets", attack, /./);
  });

  const models = ["..", ".hidden", "UPPER", "-a", "a b", "a/b", "", "a".repeat(65)];
  it.each(models)("the model %j is refused", async (modelId) => {
    const bed = await trustingBed();
    bed.repository.releases = [aRelease({ modelId })];
    expect(await bed.refresh()).toBe("fresh");
    bed.repository.publish();
    expect(await bed.refresh()).toBe("CATALOGUE_REFUSED");
  });
});

describe("files that are missing", () => {
  it.each(["timestamp.json", "3.snapshot.json", "3.targets.json"])(
    "%s: UNAVAILABLE, not a refusal",
    async (name) => {
      const bed = await trustingBed();
      bed.repository.publish();
      const bytes = bed.repository.files.get(name) ?? Buffer.alloc(0);
      bed.repository.files.delete(name);
      expect(await bed.refresh()).toBe("UNAVAILABLE");
      expect(bed.catalogue.state().refusals).toBe(0);
      expect(bed.catalogue.trusted()?.version).toBe(2);
      bed.repository.files.set(name, bytes);
      expect(await bed.refresh()).toBe("fresh");
      expect(bed.catalogue.trusted()?.version).toBe(3);
    },
  );

  it("a snapshot is asked for only when the timestamp lists another", async () => {
    const bed = await trustingBed();
    bed.repository.asked.length = 0;
    expect(await bed.refresh()).toBe("fresh");
    expect(bed.repository.asked).toEqual(["2.root.json", "timestamp.json"]);
  });
});
