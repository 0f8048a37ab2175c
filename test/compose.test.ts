/** The composed backend: nobody but nginx is reached, every file it names is there and is valid. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseConfig } from "../backend/config.js";

interface Service {
  readonly image?: string;
  readonly build?: { readonly dockerfile: string };
  readonly ports?: readonly string[];
  readonly privileged?: boolean;
  readonly network_mode?: string;
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  readonly security_opt: readonly string[];
  readonly secrets?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
}

const file = parse(readFileSync("compose.yaml", "utf8")) as {
  services: Record<"backend" | "postgresql" | "victoriametrics" | "nginx", Service>;
  networks: { inside: { internal?: boolean } };
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
};
const services = Object.entries(file.services);
const hasCompose = spawnSync("docker", ["compose", "version"]).status === 0;

describe("compose.yaml", () => {
  it("has the backend, both engines and nginx, of which only nginx is reached", () => {
    expect(Object.keys(file.services)).toEqual([
      ...["backend", "postgresql", "victoriametrics", "nginx"],
    ]);
    expect(services.filter(([, one]) => one.ports !== undefined).map(([name]) => name)).toEqual([
      "nginx",
    ]);
    expect(services.filter(([, one]) => one.networks.includes("outside"))).toHaveLength(1);
    expect(file.networks.inside.internal).toBe(true);
  });

  it.each(services)("%s gains no privileges and keeps no secret in its environment", (_, one) => {
    expect(one.security_opt).toContain("no-new-privileges:true");
    expect(one.privileged ?? false).toBe(false);
    expect(one.network_mode).toBeUndefined();
    const secrets = Object.keys(one.environment ?? {}).filter((name) =>
      /PASSWORD|TOKEN/.test(name),
    );
    expect(secrets.filter((name) => !name.endsWith("_FILE"))).toEqual([]);
    for (const secret of one.secrets ?? []) expect(file.secrets[secret]).toBeDefined();
    for (const volume of one.volumes) {
      const [from = ""] = volume.split(":");
      if (from.startsWith("./")) expect(existsSync(from)).toBe(true);
      else expect(Object.keys(file.volumes)).toContain(from);
    }
    if (one.build !== undefined) expect(existsSync(one.build.dockerfile)).toBe(true);
  });

  it("configures a backend that takes it, with the engines' names and the ports of nginx", () => {
    const config = parseConfig(readFileSync("systemd/compose/backend.yaml", "utf8"));
    expect(new URL(config.registry.postgresql.url).hostname).toBe("postgresql");
    expect(new URL(config.store.victoriametrics.url).hostname).toBe("victoriametrics");
    const nginx = readFileSync("systemd/compose/nginx.conf", "utf8");
    expect(nginx).toContain(`server backend:${config.main.port};`);
    expect(nginx).toContain(`server backend:${config.enrol.port};`);
    expect(nginx).toMatch(/access_log off/);
    // It passes TCP through: a proxy that ends TLS takes the certificates away.
    expect(nginx).not.toMatch(/ssl|http\s*\{/);
    // What retention has not deleted yet must still be there.
    const kept = file.services.victoriametrics.command
      ?.find((one) => one.startsWith("-retentionPeriod="))
      ?.split("=")[1];
    expect(Number(kept)).toBeGreaterThan(config.retention.rawMonths);
  });

  it.skipIf(!hasCompose)("is what `docker compose config` accepts (needs docker compose)", () => {
    const run = spawnSync("docker", ["compose", "config", "--quiet"], { encoding: "utf8" });
    expect(run.stderr).toBe("");
    expect(run.status).toBe(0);
  });
});

describe("Containerfile", () => {
  const text = readFileSync("Containerfile", "utf8");

  it("runs as nobody special, without scripts of packages, on the Node that a backend needs", () => {
    expect(text).toMatch(/^USER node$/m);
    for (const line of text.split("\n").filter((one) => one.startsWith("FROM"))) {
      expect(line).toMatch(/node:24/);
    }
    expect(text).toMatch(/npm ci --ignore-scripts/);
  });

  it("copies only what is there", () => {
    for (const [, path = ""] of text.matchAll(/^COPY --from=build \/src\/(\S+)/gm)) {
      if (!["dist", "node_modules"].includes(path)) expect(existsSync(path)).toBe(true);
    }
  });
});
