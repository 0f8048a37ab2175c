/** Which parts are a right answer to which fault, in any mode unless the mode is named. */

const RIGHT: Readonly<Record<string, readonly string[]>> = {
  undercharge: ["power", "cop", "frequency", "low"],
  evaporator_fouling: ["low", "fan", "def"],
  condenser_fouling: ["high", "hot_water.cop", "hot_water.power"],
  eev_stuck_open: ["cop", "low"],
  eev_stuck_closed: ["power", "cop", "frequency"],
  low_flow: ["return"],
  backup_heater_on: ["power", "kw"],
  compressor_degradation: ["cop", "power"],
  failed_defrost: ["def", "low"],
  short_cycling: ["starts", "frequency"],
  wrong_heating_curve: ["flow"],
  sensor_outdoor_offset: ["low", "flow"],
  sensor_flow_offset: ["cop", "return", "high"],
  sensor_return_stuck: ["return", "cop"],
  sensor_dhw_offset: ["tank", "dhw"],
  sensor_plow_drift: ["low", "high-low"],
  fan_failure: ["fan"],
};

/** What stands before parts that are unusual together. */
const TOGETHER = /^together\./;

/** Whether one of the named parts (`heating.low`, `sensor.return`) is right for the fault. */
export function isRightPart(fault: string, named: readonly string[]): boolean {
  const right = RIGHT[fault] ?? [];
  const plain = named.map((part) => part.replace(TOGETHER, ""));
  return plain.some((part) => right.includes(part) || right.includes(part.split(".")[1] ?? ""));
}

/** Whether any of these parts could be a right answer: whether a plan can see the fault at all. */
export function canShow(fault: string, parts: readonly { id: string; target: string }[]): boolean {
  return parts.some(({ id, target }) => isRightPart(fault, [id, `any.${target}`]));
}
