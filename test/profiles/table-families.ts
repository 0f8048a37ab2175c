/**
 * Which register tables each profile was made of, and every place where the profile says something
 * else than its table, with the reason. The tests compare all the rest row by row.
 */

import type { TableRow } from "../../scripts/csv-register-table.js";
import { GATEWAY_FAMILIES } from "./gateway-families.js";

/** What a profile says instead of its table; what is left out is as in the table. */
export interface Exception {
  readonly reason: string;
  readonly encoding?: string;
  readonly unit?: string;
  readonly scale?: number;
  readonly offset?: number;
  readonly wordOrders?: readonly string[];
  /** One register for each, of which an installation has one. */
  readonly scales?: readonly number[];
  readonly codes?: readonly number[];
  readonly confidence?: string;
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

const DISPUTED = { confidence: "disputed" } as const;
const bothOrders = {
  reason: "the word order changed with firmware 1.1.3; both are there, the installation chooses",
  wordOrders: ["high-first", "low-first"],
} as const;
const kelvin = { reason: "a difference of temperatures", unit: "K" } as const;
const renamed = { reason: "the table has a variable's name", isRenamed: true } as const;
const ascii = {
  reason: "two ASCII characters, which are no number",
  encoding: "string",
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
          "holding 102": { reason: "signedness disputed", ...DISPUTED },
          "holding 1018": kelvin,
          "holding 1020": bothOrders,
          "holding 1022": bothOrders,
          "holding 4005": bothOrders,
          "holding 5050": kelvin,
          "holding 5150": kelvin,
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
          "input 19": { reason: "scale disputed", ...DISPUTED },
          "input 21": { reason: "a temperature or a pressure", ...DISPUTED },
          "input 22": { reason: "scale disputed", ...DISPUTED },
          "input 23": { reason: "scale disputed", ...DISPUTED },
          "input 24": { reason: "scale disputed", ...DISPUTED },
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
          "input 32": {
            reason: "polarity disputed; active when not 0 in the manual",
            encoding: "nonzero",
            ...DISPUTED,
          },
          "input 40": { reason: "scale disputed", ...DISPUTED },
          "input 74": { reason: "scale disputed: raw", unit: "", scale: 1, ...DISPUTED },
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
        except: { "holding 301": { reason: "scale disputed: raw", unit: "", ...DISPUTED } },
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
            reason: "its bits are registers of their own, so the word is bits too; 0 is no bit",
            encoding: "bits",
            codes: [1, 2, 4, 8, 16],
          },
          "input 10400": { reason: "a version, one number per word", encoding: "version" },
          "holding 10040": { reason: "the table cuts off the texts behind the first", codes: [0] },
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
          "holding 101": {
            reason: "the manufacturer's page counts from 0 in one edition, from 1 in another",
            codes: [],
            ...DISPUTED,
          },
          "holding 116": {
            reason: "whole degrees in one edition of the page, tenths in another: raw",
            unit: "",
            ...DISPUTED,
          },
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
          "input 5096": { reason: "three words, decimal magnitudes", encoding: "sum" },
          "input 5099": { reason: "three words, decimal magnitudes", encoding: "sum" },
          "holding 46": { reason: "scale disputed: raw", unit: "", ...DISPUTED },
          "holding 5048": { reason: "scale disputed: raw", unit: "", ...DISPUTED },
          "holding 5036": {
            reason: "its 39 codes are the numbers -19 to 19",
            unit: "K",
            offset: -19,
            codes: [],
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
          "holding 53": kelvin,
          "holding 54": kelvin,
          "holding 65": kelvin,
          "holding 66": kelvin,
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
          "holding 53": kelvin,
          "holding 54": kelvin,
          "holding 65": kelvin,
          "holding 66": kelvin,
        },
      },
    ],
  },
  ...GATEWAY_FAMILIES,
];
