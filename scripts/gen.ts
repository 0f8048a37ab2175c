/**
 * `npm run gen`: writes every GENERATED file. Run it after a change of a proto file or a schema;
 * `npm run check` fails when a committed generated file is stale.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeConfigSchemas } from "./gen-config.js";
import { generatedFiles } from "./gen-docs.js";

const root = fileURLToPath(new URL("..", import.meta.url));

function run(command: string, args: readonly string[]): void {
  const done = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")} failed`);
}

const buf = `${root}node_modules/.bin/buf`;
run(buf, ["generate"]);
// `clean: true` empties the folder, so the descriptors for reflection come second.
run(buf, [
  "build",
  "--as-file-descriptor-set",
  "--exclude-source-info",
  "-o",
  "proto/gen/descriptors.binpb",
]);

for (const [path, text] of generatedFiles()) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
writeConfigSchemas(root);
