/** The part of a profile's YAML that says how to talk to the device. */
import { z } from "zod";

/** Source: Modbus Application Protocol V1.1b3, section 6: most words and bits of one read. */
const WORDS_PER_READ_MAX = 125;
const BITS_PER_READ_MAX = 2000;

/** An address on the wire. */
export const addressNumber = z.int().min(0).max(65535);
export const unitIdNumber = z.int().min(0).max(255);
export const spaceName = z.enum(["coil", "discrete", "holding", "input"]);

const milliseconds = (most: number) => z.int().min(0).max(most);

const spanSchema = z.strictObject({
  unitId: unitIdNumber.optional(),
  space: spaceName.optional(),
  from: addressNumber,
  to: addressNumber,
});

/** How to talk to the device. */
export const connectionSchema = z.strictObject({
  transport: z
    .enum(["tcp", "tls", "rtu-over-tcp", "rtu-gateway"])
    .default("tcp")
    .describe("rtu-gateway: an RTU device behind a gateway that speaks Modbus TCP"),
  port: z.int().min(1).max(65535).default(502),
  unitId: unitIdNumber.default(1).describe("Unit of registers that name none"),
  anyUnit: z.boolean().default(false).describe("Also take answers as unit 0 or 255"),
  wordsPerReadMax: z.int().min(1).max(WORDS_PER_READ_MAX),
  bitsPerReadMax: z.int().min(1).max(BITS_PER_READ_MAX).default(BITS_PER_READ_MAX),
  gapWordsMax: z
    .int()
    .min(0)
    .max(64)
    .default(0)
    .describe("Unwanted words that may be read between two wanted ones"),
  exact: z.boolean().default(false).describe("Every request asks for exactly one register"),
  readable: z.array(spanSchema).max(200).default([]).describe("Nothing else may be touched"),
  forbidden: z.array(spanSchema).max(200).default([]).describe("Must never be touched"),
  oneSpace: z
    .boolean()
    .default(false)
    .describe("Function codes 3 and 4 read the same registers; saves requests"),
  requestTimeoutMs: milliseconds(120_000).min(100).default(5000),
  connectTimeoutMs: milliseconds(120_000).min(100).default(5000),
  pauseAfterConnectMs: milliseconds(60_000).default(0),
  pauseBetweenRequestsMs: milliseconds(60_000).default(0),
  closeAfterPoll: z.boolean().default(false).describe("Connect for each poll and hang up"),
  idleCloseSeconds: z.int().min(1).max(3600).optional().describe("The device hangs up after"),
  pollSecondsMin: z.int().min(1).max(3600).default(10).describe("A wall, not a wish"),
  refreshSeconds: z.int().min(1).max(86_400).optional().describe("The device renews values every"),
  connectionsMax: z.int().min(1).max(64).optional().describe("Clients the device takes at once"),
  absentExceptions: z
    .array(z.int().min(1).max(11))
    .default([2])
    .describe("Modbus exception codes that mean: this register is not there"),
  note: z.string().optional(),
  source: z.array(z.string()).min(1).describe("Keys of `sources` that these rules come from"),
});
