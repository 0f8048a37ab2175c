/** Where a house stands is told in its owner's language, with its own figures. */
import { describe, expect, it } from "vitest";
import { renderStanding } from "../../../daemon/commands/standing-text.js";
import { quantityWords } from "../../../daemon/local/quantity-words.js";

const rank = (quantity: string, value: number, more: object = {}) => ({
  ...{ label: quantityWords(quantity), unit: "", heatpumpModel: "idm/navigator-2.0", value },
  ...more,
});

describe("where a house stands", () => {
  it("is told with figures, rank and badges, in both languages", () => {
    const standing = {
      window: "30d",
      ranks: [
        rank("cop_total", 3.512, { betterThanPercent: 75, installations: 42 }),
        rank("electricity_per_day", 18.3, { unit: "kWh" }),
        rank("cop_outdoor_-7_to_2", 2.9, { betterThanPercent: 50, installations: 20 }),
      ],
      badges: [
        {
          title: { de: "Sparsamer Monat", en: "Efficient month" },
          text: { de: "Effizienter als drei Viertel.", en: "More efficient than three quarters." },
        },
      ],
    };
    expect(renderStanding(standing, "en")).toEqual([
      "You among others of your model, 30 days:",
      "  COP: 3.51, better than 75 % of 42",
      "  Electricity a day: 18.3 kWh",
      "  COP, outdoors -7 to 2 °C: 2.9, better than 50 % of 20",
      "Earned:",
      "  Efficient month – More efficient than three quarters.",
    ]);
    expect(renderStanding(standing, "de").slice(0, 4)).toEqual([
      "Sie unter anderen Ihres Modells, 30 Tage:",
      "  Leistungszahl: 3,51, besser als 75 % von 42",
      "  Strom je Tag: 18,3 kWh",
      "  Leistungszahl, außen -7 bis 2 °C: 2,9, besser als 50 % von 20",
    ]);
  });

  it("says that nothing can be compared yet", () => {
    const nothing = { window: "30d", ranks: [], badges: [] };
    expect(renderStanding(nothing, "en").join(" ")).toContain("Nothing can be compared yet");
  });

  it("names the ends of the outdoor range, and shows what it does not know as it is", () => {
    expect(quantityWords("cop_outdoor_below_-7").en).toBe("COP, outdoors below -7 °C");
    expect(quantityWords("cop_outdoor_from_12").de).toBe("Leistungszahl, außen ab 12 °C");
    expect(quantityWords("of_tomorrow")).toEqual({ de: "of_tomorrow", en: "of_tomorrow" });
  });
});
