/**
 * Which register tables each profile was made of, and every place where the profile says something
 * else than its table, with the reason. The tests compare all the rest row by row.
 */

import type { TableRow } from "../../scripts/csv-register-table.js";
import type { RowFacts } from "../support/row-facts.js";
import { GATEWAY_FAMILIES } from "./gateway-families.js";

/** What a profile says instead of its table, and why; what is left out is as in the table. */
export interface Exception {
  readonly reason: string;
  readonly facts?: Partial<RowFacts>;
  readonly offset?: number;
  /** Where there are several registers, one for each. */
  readonly wordOrders?: readonly string[];
  readonly scales?: readonly number[];
  /** The profile's German name is another one. */
  readonly isRenamed?: boolean;
}

/** A table file, and the units that have its registers. */
export interface FamilyTable {
  readonly file: string;
  readonly rows: number;
  readonly unitIds: readonly number[];
  /** By space and address: `holding 1020`. */
  readonly except: Readonly<Record<string, Exception>>;
  /** Which rows are of this profile, where a table is of several models. */
  readonly has?: (row: TableRow) => boolean;
  /** Why the profile has units where the table has none. */
  readonly unitsAdded?: string;
}

/** A profile and its tables. */
export interface TableFamily {
  readonly profile: string;
  readonly tables: readonly FamilyTable[];
  /** The profile's German names begin with the table's. */
  readonly isGermanKept: boolean;
  /** Name in `canonical-metrics.csv`, by table. */
  readonly canonical: readonly string[];
  /** Metric and place that the profile leaves out or ranks otherwise, and why. */
  readonly metricsExcept: Readonly<Record<string, string>>;
}

/** Nobody picks silently between sources that contradict each other. */
function disputed(reason: string, facts: Partial<RowFacts> = {}): Exception {
  return { reason, facts: { confidence: "disputed", ...facts } };
}

const bothOrders = {
  reason: "the word order changed with firmware 1.1.3; both are there, the installation chooses",
  wordOrders: ["high-first", "low-first"],
} as const;
const renamed = { reason: "the table has a variable's name", isRenamed: true } as const;
const ascii = {
  reason: "two ASCII characters, which are no number",
  facts: { encoding: "string" },
} as const;

export const TABLE_FAMILIES: readonly TableFamily[] = [
  {
    profile: "lambda/eu-l",
    isGermanKept: false,
    canonical: ["lambda/eu-l"],
    metricsExcept: {},
    tables: [
      {
        file: "lambda/eu-l.csv",
        rows: 99,
        unitIds: [1],
        except: {
          "holding 102": disputed("signed or unsigned"),
          "holding 1020": bothOrders,
          "holding 1022": bothOrders,
          "holding 4005": bothOrders,
        },
      },
    ],
  },
  {
    profile: "lg/therma-v",
    isGermanKept: true,
    canonical: ["lg/therma-v"],
    metricsExcept: {
      "pressure_high input 22": "scale disputed",
      "pressure_low input 23": "scale disputed",
      "compressor_frequency input 24": "scale disputed",
    },
    tables: [
      {
        file: "lg/therma-v.csv",
        rows: 59,
        unitIds: [33],
        except: {
          "input 19": disputed("scale"),
          "input 21": disputed("a temperature or a pressure"),
          "input 22": disputed("scale"),
          "input 23": disputed("scale"),
          "input 24": disputed("scale"),
        },
      },
    ],
  },
  {
    profile: "heliotherm/rcg2",
    isGermanKept: true,
    canonical: ["heliotherm/rcg2"],
    metricsExcept: { "power_thermal input 74": "scale disputed" },
    tables: [
      {
        file: "heliotherm/rcg2.csv",
        rows: 68,
        unitIds: [1],
        except: {
          "input 32": disputed("active when not 0, or when 0", { encoding: "nonzero" }),
          "input 40": disputed("scale"),
          "input 74": disputed("scale: raw", { unit: "", scale: 1 }),
        },
      },
    ],
  },
  {
    profile: "kermi/x-center",
    isGermanKept: false,
    canonical: ["kermi/x-center-unit40-heatpump", "kermi/x-center-unit50-51-storage"],
    metricsExcept: {},
    tables: [
      {
        file: "kermi/x-center-unit40-heatpump.csv",
        rows: 27,
        unitIds: [40],
        except: { "holding 301": disputed("scale: raw", { unit: "", scale: 1 }) },
      },
      {
        file: "kermi/x-center-unit50-51-storage.csv",
        rows: 23,
        unitIds: [50, 51],
        except: {},
      },
    ],
  },
  {
    profile: "luxtronik/shi-2.1",
    isGermanKept: false,
    canonical: ["luxtronik/shi-2.1"],
    metricsExcept: {},
    tables: [
      {
        file: "luxtronik/shi-2.1.csv",
        rows: 97,
        unitIds: [1],
        except: {
          "input 10000": {
            reason: "0 is no bit",
            facts: { codes: [1, 2, 4, 8, 16] },
          },
          "input 10400": {
            reason: "a version, one number per word",
            facts: { encoding: "version" },
          },
          "holding 10040": {
            reason: "the table cuts off the texts behind the first",
            facts: { codes: [0] },
          },
        },
      },
    ],
  },
  {
    profile: "xtherma/xtherma-tcp",
    isGermanKept: false,
    canonical: ["xtherma/xtherma-tcp"],
    metricsExcept: {},
    tables: [
      {
        file: "xtherma/xtherma-tcp.csv",
        rows: 92,
        unitIds: [1],
        except: {
          "holding 101": disputed(
            "the manufacturer's page counts from 0 in one edition, from 1 in another",
            { codes: [] },
          ),
          "holding 116": disputed(
            "whole degrees in one edition of the page, tenths in another: raw",
            { unit: "", scale: 1 },
          ),
        },
      },
    ],
  },
  {
    profile: "dimplex/wpm-si11tu",
    isGermanKept: true,
    canonical: ["dimplex/wpm-si11tu"],
    metricsExcept: {},
    tables: [
      {
        file: "dimplex/wpm-si11tu.csv",
        rows: 53,
        unitIds: [1],
        except: {
          "input 5170": renamed,
          "holding 5167": renamed,
          "holding 5182": renamed,
          "holding 46": disputed("scale: raw", { unit: "", scale: 1 }),
          "holding 5048": disputed("scale: raw", { unit: "", scale: 1 }),
          "holding 5036": {
            reason: "its 39 codes are the numbers -19 to 19",
            facts: { unit: "K", scale: 1, codes: [] },
            offset: -19,
          },
        },
      },
    ],
  },
  {
    profile: "samsung/ehs-mim-b19n",
    isGermanKept: false,
    canonical: ["samsung/ehs-mim-b19n"],
    metricsExcept: {},
    tables: [{ file: "samsung/ehs-mim-b19n.csv", rows: 17, unitIds: [1], except: {} }],
  },
  {
    profile: "daikin/altherma-3-homehub-ekrhh",
    isGermanKept: false,
    canonical: ["daikin/altherma-3-homehub-ekrhh"],
    metricsExcept: { "fault input 21": "a text" },
    tables: [
      {
        file: "daikin/altherma-3-homehub-ekrhh.csv",
        rows: 53,
        unitIds: [1],
        except: {
          "input 21": ascii,
        },
      },
    ],
  },
  {
    profile: "daikin/altherma-4",
    isGermanKept: false,
    canonical: ["daikin/altherma-4"],
    metricsExcept: { "fault input 21": "a text" },
    tables: [
      {
        file: "daikin/altherma-4.csv",
        rows: 115,
        unitIds: [1],
        except: {
          "input 21": ascii,
        },
      },
    ],
  },
  ...GATEWAY_FAMILIES,
];
