/** Tables and exceptions of the families that are reached through gateways, and of some more. */
import type { TableRow } from "../../scripts/csv-register-table.js";
import type { Exception, TableFamily } from "./table-families.js";

/** kWh and hundredths in two rows; the table leaves out what each is worth. */
const kilowattHours: Exception = {
  reason: "kWh in two rows; the table leaves out the unit",
  facts: { unit: "kWh", scale: 1 },
};
const hundredths: Exception = {
  reason: "hundredths of kWh, added to the row before; the table leaves out the factor",
  facts: { unit: "kWh", scale: 0.01 },
};
const forWriting: Exception = {
  reason: "the table has the factor for writing; the holding map of the same device has 0.01",
  facts: { scale: 0.01 },
};
const byDipSwitch: Exception = {
  reason: "whole degrees or tenths by DIP switch; the installation chooses",
  scales: [1, 0.1],
};
const inverted: Exception = {
  reason: "0 means fault: an inverted yes or no",
  facts: { encoding: "bool" },
};
const raw: Exception = {
  reason: "scale disputed between the library (1) and the manufacturer's list (0.01): raw",
  facts: { unit: "", scale: 1, confidence: "disputed" },
};
const hours: Exception = { reason: "the name says hours", facts: { unit: "h", scale: 1 } };

const modelsOf = ({ nameEn }: TableRow): readonly string[] =>
  /\[(.*)\]$/.exec(nameEn)?.[1]?.split(",") ?? [];

/** Coil 41 is listed for the Mega alone, but opens holding 116, which both have. */
const isOf =
  (model: string) =>
  (row: TableRow): boolean =>
    modelsOf(row).includes(model) || (row.table === "coil" && row.address === 41);

function genesis(model: string, rows: number): TableFamily {
  return {
    profile: `thermia/genesis-${model}`,
    isGermanKept: false,
    canonical: ["thermia/genesis"],
    metricsExcept: {},
    tables: [
      {
        file: "thermia/genesis.csv",
        rows,
        unitIds: [1],
        has: isOf(model),
        unitsAdded: "units from the manufacturer's list, as nielsbasjes/modbus-devices has it",
        except: {
          "input 5": {
            reason: "rpm; turns per second are the catalogue's Hz",
            facts: { scale: 0.0166666667, unit: "Hz" },
          },
          "input 119": raw,
          "input 120": raw,
        },
      },
    ],
  };
}

export const GATEWAY_FAMILIES: readonly TableFamily[] = [
  {
    profile: "mitsubishi/ecodan-a1m",
    isGermanKept: false,
    canonical: ["mitsubishi/ecodan-a1m-input-map"],
    metricsExcept: {},
    tables: [
      {
        file: "mitsubishi/ecodan-a1m-input-map.csv",
        rows: 57,
        unitIds: [1],
        except: {
          "input 79": hours,
          "input 156": kilowattHours,
          "input 157": hundredths,
          "input 158": kilowattHours,
          "input 159": hundredths,
          "input 160": kilowattHours,
          "input 161": hundredths,
          "input 166": kilowattHours,
          "input 167": hundredths,
          "input 168": kilowattHours,
          "input 169": hundredths,
          "input 170": kilowattHours,
          "input 171": hundredths,
          "holding 30": forWriting,
          "holding 32": forWriting,
          "holding 54": forWriting,
        },
      },
    ],
  },
  {
    profile: "mitsubishi/ecodan-a1m-plus",
    isGermanKept: false,
    canonical: ["mitsubishi/ecodan-a1m-plus-holding-map"],
    metricsExcept: {},
    tables: [
      {
        file: "mitsubishi/ecodan-a1m-plus-holding-map.csv",
        rows: 47,
        unitIds: [1],
        except: {
          "holding 9": {
            reason: "hexadecimal in the table",
            facts: { codes: [0x6999, 0x8000] },
          },
          "holding 29": {
            reason: 'the table says "see zone 1"',
            facts: { codes: [0, 1, 2, 3, 4, 5] },
          },
        },
      },
    ],
  },
  {
    profile: "panasonic/aquarea-pa-aw-mbs-1",
    isGermanKept: false,
    canonical: ["panasonic/aquarea-pre-h-pa-aw-mbs-1"],
    metricsExcept: {},
    tables: [
      {
        file: "panasonic/aquarea-pre-h-pa-aw-mbs-1.csv",
        rows: 23,
        unitIds: [1],
        except: {
          "holding 1": byDipSwitch,
          "holding 2": byDipSwitch,
          "holding 3": byDipSwitch,
          "holding 32": byDipSwitch,
          "holding 33": byDipSwitch,
          "holding 52": {
            reason: "the only code of a list that the table leaves out",
            facts: { codes: [65535] },
          },
        },
      },
    ],
  },
  {
    profile: "panasonic/aquarea-h",
    isGermanKept: false,
    canonical: ["panasonic/aquarea-h-series-intesis-airzone"],
    metricsExcept: {},
    tables: [
      {
        file: "panasonic/aquarea-h-series-intesis-airzone.csv",
        rows: 28,
        unitIds: [1],
        except: {},
      },
    ],
  },
  {
    profile: "weishaupt/wbb-wwp",
    isGermanKept: false,
    canonical: ["weishaupt/wbb-wwp-ls"],
    metricsExcept: {},
    tables: [
      {
        file: "weishaupt/wbb-wwp-ls.csv",
        rows: 112,
        unitIds: [1],
        except: {
          "input 30005": inverted,
          "input 33102": inverted,
          "input 34103": hours,
          "input 34107": hours,
        },
      },
    ],
  },
  {
    profile: "bosch-buderus/ems-esp-cs5800i-wlw186i",
    isGermanKept: false,
    canonical: ["bosch-buderus/ems-esp-cs5800i-wlw186i"],
    metricsExcept: {
      "power_current holding 143": "electrical or thermal: disputed",
      "pressure_high holding 170": "a temperature of saturation",
      "pressure_low holding 169": "a temperature of saturation",
    },
    tables: [
      {
        file: "bosch-buderus/ems-esp-cs5800i-wlw186i.csv",
        rows: 80,
        unitIds: [5],
        except: {
          "holding 143": {
            reason: "electrical or thermal: disputed",
            facts: { confidence: "disputed" },
          },
        },
      },
    ],
  },
  {
    profile: "vaillant/ise-geotherm3",
    isGermanKept: false,
    canonical: [],
    metricsExcept: {},
    tables: [
      {
        file: "vaillant/ise-geotherm3-unit1-partial.csv",
        rows: 27,
        unitIds: [1],
        except: {},
      },
    ],
  },
  genesis("inverter", 324),
  genesis("mega", 408),
];
