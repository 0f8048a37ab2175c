/** Metrics that are yes or no, or a manufacturer's code. */
import { code, flag, type Metric } from "./metric.js";

/** Flags and codes beyond the established ones. */
export const STATES: readonly Metric[] = [
  flag("fault_active", ["Störung liegt vor", "Fault present"]),
  flag("compressor_state_2", ["Verdichter 2 läuft", "Compressor 2 running"]),
  flag("compressor_state_3", ["Verdichter 3 läuft", "Compressor 3 running"]),
  flag("compressor_state_4", ["Verdichter 4 läuft", "Compressor 4 running"]),
  flag("defrost_active", ["Abtauung läuft", "Defrosting"]),
  flag("demand_heating", ["Heizanforderung", "Heating demand"]),
  flag("demand_cooling", ["Kühlanforderung", "Cooling demand"]),
  flag("demand_hot_water", ["Warmwasseranforderung", "Hot water demand"]),
  flag("evu_lock", ["EVU-Sperre", "Utility lock"]),
  flag("valve_hot_water", ["Umschaltventil auf Warmwasser", "Valve on hot water"]),
  flag("valve_cooling", ["Umschaltventil auf Kühlen", "Valve on cooling"]),
  flag("resistive_heater_active", ["Elektroheizstab läuft", "Electric heater running"]),
  flag("second_generator_active", ["Zweiter Wärmeerzeuger läuft", "Second heat generator running"]),
  code("system_mode", ["Betriebsart der Anlage", "System mode"]),
  code("smart_grid", ["Smart-Grid-Zustand", "Smart grid state"]),
  code("hot_water_mode", ["Betriebsart Warmwasser", "Hot water mode"], "setpoint"),
  code("solar_mode", ["Betriebsart Solar", "Solar mode"], "setpoint"),
  code("bivalence_state", ["Zustand weiterer Wärmeerzeuger", "State of further heat generators"]),
  code("warning", ["Warnung", "Warning"]),
];
