/** A program of a test as one file, because many starts of it would compile its sources each time. */
import { symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";

/**
 * @param name file of this folder
 * @param define names that are to mean something else in it
 * @returns what Node runs
 */
export async function bundleChild(
  name: string,
  folder: string,
  define: Record<string, string> = {},
): Promise<string> {
  const child = join(folder, `${name}.mjs`);
  await build({
    ...{ entryPoints: [`test/support/${name}.ts`], outfile: child, define },
    ...{ bundle: true, external: ["classic-level"], platform: "node", format: "esm" },
    ...{ conditions: ["source"], logLevel: "error" },
    // The native part stays outside, and is asked for as CommonJS does.
    banner: {
      js: `import { createRequire } from "node:module"; const require = createRequire("${child}");`,
    },
  });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  return child;
}
