/**
 * What the figures of efficiency and use are called, for a person. The backend names them as in
 * `PerformanceFigure`; a name that came later than this program is shown as it is.
 */
import type { Words } from "./house.js";

const WORDS: Readonly<Record<string, Words>> = {
  cop_total: { de: "Leistungszahl", en: "COP" },
  cop_heating: { de: "Leistungszahl beim Heizen", en: "COP when heating" },
  cop_hot_water: { de: "Leistungszahl bei Warmwasser", en: "COP for hot water" },
  spf: { de: "Jahresarbeitszahl", en: "Seasonal performance factor" },
  compressor_hours_per_day: { de: "Verdichterstunden je Tag", en: "Compressor hours a day" },
  starts_per_hour: { de: "Starts je Betriebsstunde", en: "Starts per running hour" },
  electricity_per_day: { de: "Strom je Tag", en: "Electricity a day" },
};
/** By the mean outdoor temperature of a day, in °C: `below_-7`, `-7_to_2`, `from_12`. */
const BY_OUTDOOR = /^cop_outdoor_(?:below_(-?\d+)|(-?\d+)_to_(-?\d+)|from_(-?\d+))$/;

export function quantityWords(quantity: string): Words {
  const known = WORDS[quantity];
  if (known !== undefined) return known;
  const [matched, below, from, to, above] = BY_OUTDOOR.exec(quantity) ?? [];
  if (matched === undefined) return { de: quantity, en: quantity };
  if (below !== undefined) return outdoor(`unter ${below} °C`, `below ${below} °C`);
  if (above !== undefined) return outdoor(`ab ${above} °C`, `${above} °C and more`);
  return outdoor(`${from} bis ${to} °C`, `${from} to ${to} °C`);
}

function outdoor(de: string, en: string): Words {
  return { de: `Leistungszahl, außen ${de}`, en: `COP, outdoors ${en}` };
}
