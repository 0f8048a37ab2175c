/**
 * A memory card for the card bench: an ext4 file system of 4-KiB blocks on a loop device, as a Pi
 * has it, whose image lies in memory. What reached the device is what the image holds, so a copy of
 * the image is what a power cut would have left.
 *
 * Source: the kernel's `Documentation/block/stat.rst`: the seventh field counts sectors written.
 */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** A mounted card. */
export interface Card {
  readonly folder: string;
  /** Bytes written to the device so far; all that is dirty is written first. */
  writtenBytes(): number;
  /** What a power cut at this moment leaves, mounted as another card. */
  cutPower(): Card;
  remove(): void;
}

/** Large enough for the file system's journal to have its usual size; only used parts take memory. */
const CARD_MIB = 1024;
const SECTOR_BYTES = 512;
const SECTORS_WRITTEN = 6;
const MEMORY = "/dev/shm";

/** What keeps this machine from having a card; `undefined`: nothing. */
export function missingForCard(): string | undefined {
  if (process.getuid?.() !== 0) return "root, for a loop device";
  if (!existsSync("/dev/loop-control")) return "loop devices";
  return existsSync("/usr/sbin/mkfs.ext4") ? undefined : "e2fsprogs, for mkfs.ext4";
}

/** Makes a fresh card. */
export function makeCard(): Card {
  const home = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "heatpool-card-"));
  const image = join(home, "image");
  writeFileSync(image, "");
  truncateSync(image, CARD_MIB * 2 ** 20);
  // All tables are written at once: later they would count as ours.
  const lazy = "lazy_itable_init=0,lazy_journal_init=0";
  execFileSync("/usr/sbin/mkfs.ext4", ["-q", "-b", "4096", "-E", lazy, image]);
  return mount(home, image);
}

function mount(home: string, image: string): Card {
  const folder = join(home, "mounted");
  mkdirSync(folder);
  const device = execFileSync("losetup", ["--find", "--show", image], { encoding: "utf8" }).trim();
  execFileSync("mount", ["-o", "noatime", device, folder]);
  return {
    folder,
    writtenBytes() {
      execFileSync("sync", ["--file-system", folder]);
      const stat = readFileSync(`/sys/block/${basename(device)}/stat`, "utf8").trim();
      return Number(stat.split(/\s+/)[SECTORS_WRITTEN]) * SECTOR_BYTES;
    },
    cutPower() {
      const beside = mkdtempSync(`${home}-cut-`);
      copyFileSync(image, join(beside, "image"));
      return mount(beside, join(beside, "image"));
    },
    remove() {
      execFileSync("umount", [folder]);
      execFileSync("losetup", ["--detach", device]);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
