/** The composed backend: nobody but nginx is reached, every file it names is there and is valid. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { examineEngines } from "../backend/assembly/examine-engines.js";
import type { Machine } from "../backend/commands/machine.js";
import { createProgram } from "../backend/commands/program.js";
import { parseConfig, toPlaces } from "../backend/config.js";
import { postgresPrograms, startVictoriaMetrics } from "./support/engine.js";
import { createFakeClock } from "./support/fake-clock.js";
import { temporaryFolder } from "./support/folder.js";
import { localise } from "./support/load-balancer.js";
import { isPeerMissing } from "./support/peer.js";

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
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: readonly string[] | Readonly<Record<string, { condition: string }>>;
}

const file = parse(readFileSync("compose.yaml", "utf8")) as {
  services: Record<"backend" | "postgresql" | "victoriametrics" | "nginx", Service>;
  networks: { inside: { internal?: boolean } };
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
};
/** What a service waits for, and until when. */
function waitsOf({ depends_on: said = [] }: Service): (readonly [string, string | undefined])[] {
  if (Array.isArray(said)) return said.map((name) => [name, undefined]);
  return Object.entries(said).map(([name, { condition }]) => [name, condition]);
}

/** The command that some words of a line name, and the options that it does not have. */
function findCommand(words: readonly string[]): { command: string; unknown: string[] } {
  let at: Command = createProgram({ version: "0" } as Machine);
  for (const word of words) at = at.commands.find((one) => one.name() === word) ?? at;
  const known = at.options.map((one) => one.long);
  const unknown = words.filter((one) => one.startsWith("--") && !known.includes(one));
  return { command: at.name(), unknown };
}

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

  it("names only services, networks and ports that are there, and waits for health that is asked for", () => {
    const nginx = readFileSync("systemd/compose/nginx.conf", "utf8");
    const names = Object.keys(file.services);
    for (const [, one] of services) {
      for (const network of one.networks) expect(Object.keys(file.networks)).toContain(network);
      for (const [name, condition] of waitsOf(one)) {
        expect(names).toContain(name);
        if (condition !== "service_healthy") continue;
        expect(file.services[name as keyof typeof file.services].healthcheck).toBeDefined();
      }
      for (const port of one.ports ?? []) {
        const [outside, inside] = port.split(":");
        expect(outside).toBe(inside);
        expect(nginx).toContain(`listen ${inside};`);
      }
    }
  });

  it("runs commands that the program has, with options that it knows", () => {
    const text = readFileSync("compose.yaml", "utf8");
    const said = [...text.matchAll(/(?:main\.js|--rm backend) ([^\n]+)/g)].map(
      ([, one = ""]) => one,
    );
    const tested = file.services.backend.healthcheck?.test.slice(3) ?? [];
    for (const words of [tested, ...said.map((one) => one.split(" "))]) {
      const { command, unknown } = findCommand(words.map((one) => one.replace(/[\],]+$/, "")));
      expect([command, unknown]).toEqual([expect.stringMatching(/^(status|init)$/), []]);
    }
  });

  it.skipIf(isPeerMissing("postgresql"))("starts a PostgreSQL with options that it knows", () => {
    const help = (program: string): string =>
      spawnSync(`${postgresPrograms()}/${program}`, ["--help"], { encoding: "utf8" }).stdout;
    const { environment, healthcheck } = file.services.postgresql;
    for (const option of environment?.POSTGRES_INITDB_ARGS?.split(" ") ?? []) {
      expect(help("initdb")).toContain(option.split("=")[0]);
    }
    const [, program = "", ...options] = healthcheck?.test ?? [];
    expect(help(program)).toContain(options[0]);
  });

  it.skipIf(isPeerMissing("victoria-metrics"))(
    "starts a VictoriaMetrics that the backend takes",
    async () => {
      const flags = file.services.victoriametrics.command ?? [];
      const engine = await startVictoriaMetrics(
        flags.filter((one) => !one.startsWith("-storageDataPath")),
      );
      try {
        const config = parseConfig(
          readFileSync("systemd/compose/backend.yaml", "utf8").replace(
            "http://victoriametrics:8428",
            engine.url,
          ),
        );
        const places = toPlaces(config, "systemd/compose/backend.yaml");
        const facts = await examineEngines({ config, places, clock: createFakeClock() });
        expect(facts.find((one) => one.engine === "victoriametrics")?.verdict).toBe("good");
      } finally {
        await engine.stop();
      }
    },
    60_000,
  );

  it.skipIf(isPeerMissing("libnginx-mod-stream"))("has a configuration that nginx takes", () => {
    const folder = temporaryFolder();
    const conf = join(folder, "nginx.conf");
    writeFileSync(conf, localise({ folder, listen: [7443, 7445], behind: [1, 2, 3] }));
    const run = spawnSync("/usr/sbin/nginx", ["-t", "-c", conf, "-p", folder, "-e", "stderr"], {
      encoding: "utf8",
    });
    expect(run.stderr).toContain("test is successful");
    expect(run.stderr).not.toMatch(/warn|emerg/);
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
