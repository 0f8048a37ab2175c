/**
 * Units of Thermia Genesis registers, which the table has only for temperatures. Source: Thermia,
 * Modbus protocol for Genesis platform, editions 10, 12 and 13, as in nielsbasjes/modbus-devices.
 * By the name of the table, numbers as `#`.
 */

const CELSIUS = [
  "system supply line calculated set point",
  "selected heat curve",
  "heat curve x coordinate #",
  "buffer tank charge set point",
  "room temperature sensor",
  "bubble point",
  "dew point",
  "max limitation",
  "min limitation",
  "set point heat curve y #",
];

const PERCENT = [
  "external additional heater current demand",
  "condenser circulation pump speed",
  "mix valve # position",
  "brine circulation pump speed",
  "hot water directional valve position",
  "compressor speed percent",
  "wcs valve position",
  "twc valve position",
  "cooling supply line mix valve position",
  "surplus heat fan speed",
  "pool supply line mix valve position",
  "mix valve cooling opening degree",
  "twc mix valve lowest allowed opening degree",
  "twc mix valve highest allowed opening degree",
];

/** Table name → unit. */
export const UNITS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(CELSIUS.map((name) => [name, "°C"])),
  ...Object.fromEntries(PERCENT.map((name) => [name, '"%"'])),
  "superheat temperature": "K",
  "sub cooling temperature": "K",
  "low pressure side": "bar",
  "high pressure side": "bar",
  "compressor operating hours": "h",
  "tap water operating hours": "h",
  "external additional heater operating hours": "h",
  "electric meter l1 current": "A",
  "electric meter l2 current": "A",
  "electric meter l3 current": "A",
  "electric meter l1 # voltage": "V",
  "electric meter l2 # voltage": "V",
  "electric meter l3 # voltage": "V",
  "electric meter l1 l2 voltage": "V",
  "electric meter l2 l3 voltage": "V",
  "electric meter l3 l1 voltage": "V",
  "electric meter l1 power": "W",
  "electric meter l2 power": "W",
  "electric meter l3 power": "W",
  "electric meter meter value": "kWh",
  "electric meter kwh total": "kWh",
};
