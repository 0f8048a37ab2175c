/** Metrics that only rise: energies, hours, starts. */
import { energy, hours, type Metric, starts } from "./metric.js";

/** Totals since the machine was made, in kWh. */
export const ENERGIES: readonly Metric[] = [
  energy("energy_heat_total", ["Wärmemenge gesamt", "Heat, total"]),
  energy("energy_heat_heating", ["Wärmemenge Heizen", "Heat, heating"]),
  energy("energy_heat_hot_water", ["Wärmemenge Warmwasser", "Heat, hot water"]),
  energy("energy_heat_cooling", ["Kältemenge", "Heat removed, cooling"]),
  energy("energy_heat_passive_cooling", ["Kältemenge passiv", "Heat removed, passive cooling"]),
  energy("energy_heat_defrost", ["Wärmemenge Abtauung", "Heat, defrost"]),
  energy("energy_heat_solar", ["Wärmemenge Solar", "Heat, solar"]),
  energy("energy_heat_resistive", ["Wärmemenge Elektroheizstab", "Heat, electric heater"]),
  energy("energy_heat_pool", ["Wärmemenge Pool", "Heat, pool"]),
  energy("energy_electric_total", ["Stromverbrauch gesamt", "Electricity, total"]),
  energy("energy_electric_heating", ["Stromverbrauch Heizen", "Electricity, heating"]),
  energy("energy_electric_hot_water", ["Stromverbrauch Warmwasser", "Electricity, hot water"]),
  energy("energy_electric_cooling", ["Stromverbrauch Kühlen", "Electricity, cooling"]),
  energy("energy_electric_pool", ["Stromverbrauch Pool", "Electricity, pool"]),
  energy("energy_electric_compressor", ["Stromverbrauch Verdichter", "Electricity, compressor"]),
  energy("energy_electric_resistive", ["Stromverbrauch Heizstab", "Electricity, electric heater"]),
];

/** Hours and starts since the machine was made. */
export const RUN_COUNTERS: readonly Metric[] = [
  hours("hours_compressor", ["Betriebsstunden Verdichter", "Hours, compressor"]),
  hours("hours_compressor_2", ["Betriebsstunden Verdichter 2", "Hours, compressor 2"]),
  hours("hours_compressor_heating", ["Verdichterstunden Heizen", "Hours, compressor for heating"]),
  hours("hours_compressor_hot_water", [
    "Verdichterstunden Warmwasser",
    "Hours, compressor for hot water",
  ]),
  hours("hours_compressor_cooling", ["Verdichterstunden Kühlen", "Hours, compressor for cooling"]),
  hours("hours_resistive_heater", ["Betriebsstunden Elektroheizstab", "Hours, electric heater"]),
  hours("hours_fan", ["Betriebsstunden Ventilator", "Hours, fan"]),
  hours("hours_pump", ["Betriebsstunden Pumpe", "Hours, pump"]),
  starts("starts_compressor", ["Verdichterstarts", "Compressor starts"]),
  starts("starts_compressor_2", ["Verdichterstarts 2", "Compressor 2 starts"]),
];
