/** The backend's configuration: a misspelt key must not be ignored, an example must not lie. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { configSchema, parseConfig, toPlaces } from "../../backend/config.js";

describe("backend.yaml", () => {
  it("may be empty: everything has a default", () => {
    expect(parseConfig("")).toEqual(parseConfig("{}"));
    expect(parseConfig("# only words\n\n")).toEqual(parseConfig("{}"));
    expect(parseConfig("").main).toMatchObject({ port: 7443, keepaliveSeconds: 0 });
    expect(parseConfig("").enrolment.claimTokens).toBe("required");
  });

  it("names every fault with its line, and what it does not know", () => {
    const text = "main:\n  port: 99999\nmian: {}\ntls:\n  minVersion: 1.1\n";
    expect(() => parseConfig(text)).toThrow(/backend\.yaml:2:.* main\.port[\s\S]*3:.* mian/);
    expect(() => parseConfig(text)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => parseConfig(text)).toThrow(/tls\.minVersion/);
  });

  it("has an example that shows the defaults, whether its lines are active or not", () => {
    const example = readFileSync("systemd/backend.yaml", "utf8");
    expect(parseConfig(example)).toEqual(parseConfig(""));
    const active = example.replaceAll(/^#: /gm, "");
    expect(active).toMatch(/^main:/m);
    expect(parseConfig(active)).toEqual(parseConfig(""));
  });

  it("has a JSON Schema that is fresh", () => {
    const kept = JSON.parse(readFileSync("systemd/backend.schema.json", "utf8"));
    const { $comment, ...schema } = kept;
    expect($comment).toMatch(/GENERATED/);
    expect(schema).toEqual(
      JSON.parse(JSON.stringify(z.toJSONSchema(configSchema, { io: "input" }))),
    );
  });

  it("holds no secret, only paths of files", () => {
    const names = JSON.stringify(z.toJSONSchema(configSchema)).match(
      /"[a-zA-Z]*(token|key|secret|password)[a-zA-Z]*"/gi,
    );
    // `token` is a mode.
    expect(new Set(names)).toEqual(
      new Set([
        ...['"keyFile"', '"keys"', '"legacyKeyFile"', '"secretFile"', '"token"', '"tokensFile"'],
        ...['"claimTokens"', '"claimTokensFile"', '"passwordFile"', '"tokenFile"'],
      ]),
    );
  });
});

describe("toPlaces", () => {
  it("takes paths relative to the folder of the file", () => {
    const config = parseConfig("stateDir: state\nruntimeDir: run\ntls: { keyFile: my.key }");
    expect(toPlaces(config, "/etc/heatpool/backend.yaml")).toMatchObject({
      storeDir: "/etc/heatpool/state/store",
      certificateFile: "/etc/heatpool/state/tls/server.crt",
      keyFile: "/etc/heatpool/my.key",
      adminSocket: "/etc/heatpool/run/admin.sock",
    });
  });
});
