/** What the profiles of Stiebel Eltron make of an ISG. */
import { describe, expect, it } from "vitest";
import { findMismatch } from "#core/profile/identification.js";
import { planReads } from "#core/profile/read-plan.js";
import { createRegisterSource } from "../../daemon/poll/register-source.js";
import { createCountingDevice } from "../support/counting-device.js";
import { identifyingAnswers, loadPackaged, readImage } from "../support/device-image.js";
import { createFakeClock } from "../support/fake-clock.js";

const wpm = loadPackaged("stiebel-eltron/wpm-isg");
const lwz = loadPackaged("stiebel-eltron/lwz-isg");

/** What the ISG answers for objects that an installation has not. */
const NO_OBJECT = 0x8000;
/** What it answers for what is switched off. */
const OFF = 0x9000;

const WPM_3 = 390;
const WPM_3I = 391;
const WPM_SYSTEM = 449;

const behind = (
  controller: number,
  parameters: Readonly<Record<string, readonly string[]>> = {},
) => ({
  known: new Map([["controller", controller]]),
  parameters,
  missing: NO_OBJECT,
});

describe("the controller behind the ISG", () => {
  const answer = (profile: typeof wpm, controller: number) =>
    findMismatch(profile, identifyingAnswers(profile, { controller }));

  it.each([WPM_3, WPM_3I, WPM_SYSTEM])("%i is read with the map of the WPM alone", (controller) => {
    expect(answer(wpm, controller)).toBeUndefined();
    expect(answer(lwz, controller)).toContain(`controller is ${controller}; expected 103`);
  });

  it.each([103, 104, 551])("%i is read with the map of the LWZ alone", (controller) => {
    expect(answer(lwz, controller)).toBeUndefined();
    expect(answer(wpm, controller)).toContain(`controller is ${controller}; expected 390`);
  });

  it.each([NO_OBJECT, 0, 500])("%i is read with none", (controller) => {
    expect(answer(wpm, controller)).toBeDefined();
    expect(answer(lwz, controller)).toBeDefined();
  });
});

describe("stiebel-eltron/wpm-isg", () => {
  it("takes the pressures of a WPM 3 in hundredths and of a WPM 3i in tenths", () => {
    const image = { "input 539": 251, "input 540": 83, "input 544": 790, "input 546": 2480 };
    const three = readImage(wpm, image, behind(WPM_3));
    expect([three.get("pressure_high"), three.get("pressure_low")]).toEqual([24.8, 7.9]);
    const integral = readImage(wpm, image, behind(WPM_3I));
    expect([integral.get("pressure_high"), integral.get("pressure_low")]).toEqual([25.1, 8.3]);
  });

  it("takes the flow of the heat pump where the flow of the system is missing or off", () => {
    const flow = (image: Readonly<Record<string, number>>) =>
      readImage(wpm, image, behind(WPM_SYSTEM)).get("temp_flow");
    expect(flow({ "input 514": 352, "input 512": 361, "input 542": 370 })).toBe(35.2);
    expect(flow({ "input 514": OFF, "input 512": 361, "input 542": 370 })).toBe(36.1);
    expect(flow({ "input 542": 370 })).toBe(37);
    expect(flow({})).toBe("absent");
  });

  it("adds the heat of the electric heater for heating and hot water", () => {
    const image = { "input 3506": 120, "input 3507": 2, "input 3508": 30, "input 3509": 0 };
    const readings = readImage(wpm, image, behind(WPM_3I));
    expect(readings.get("energy_heat_resistive")).toBe(2150);
    const half = readImage(wpm, { ...image, "input 3509": NO_OBJECT }, behind(WPM_3I));
    expect(half.get("energy_heat_resistive")).toBe("absent");
  });

  it("reads the fourth circuit and the third heat pump where the installation has them", () => {
    const image = { "input 595": 215, "input 556": 441, "input 3568": 7, "input 3569": 3 };
    const small = readImage(wpm, image, behind(WPM_SYSTEM));
    expect(small.has("temp_room_circuit_d")).toBe(false);
    const large = readImage(
      wpm,
      image,
      behind(WPM_SYSTEM, { circuit: ["a", "d"], heat_pump: ["2", "3"] }),
    );
    expect(large.get("temp_room_circuit_d")).toBe(21.5);
    expect(large.get("heat_pump_3_flow_temperature")).toBe(44.1);
    expect(large.get("heat_pump_3_heat_for_heating_total")).toBe(3007);
  });

  it("asks for all temperatures and pressures of a system in one request", () => {
    const plan = planReads(wpm, {
      wanted: "shared",
      ...behind(WPM_SYSTEM, { circuit: ["a", "b", "c", "d", "e"] }),
    });
    const [values, ...others] = plan.ranges.filter(
      (range) => range.space === "input" && range.address >= 500 && range.address <= 610,
    );
    expect([values?.address, values?.count, others]).toEqual([500, 111, []]);
  });

  it("reads nothing that hangs on the controller before it is known", () => {
    const plan = planReads(wpm, { wanted: "all" });
    const ids = plan.ranges.flatMap((range) => range.registers.map(({ register }) => register.id));
    expect(ids).toContain("controller");
    expect(ids).not.toContain("pressure_high");
    expect(ids).not.toContain("high_pressure");
  });
});

describe("stiebel-eltron/lwz-isg", () => {
  it("counts starts in thousands and units that lie apart", () => {
    const starts = (image: Readonly<Record<string, number>>) =>
      readImage(lwz, image, behind(103)).get("starts_compressor");
    expect(starts({ "input 30": 7, "input 33": 421 })).toBe(7421);
    expect(starts({ "input 33": 421 })).toBe("absent");
  });

  it("adds the hours of the electric heater", () => {
    const readings = readImage(lwz, { "input 3030": 41, "input 3031": 9 }, behind(104));
    expect(readings.get("hours_resistive_heater")).toBe(50);
  });

  it("leaves power and COP empty: the inverter is not the whole machine", () => {
    const readings = readImage(lwz, { "input 3679": 187, "input 3689": 41 }, behind(103));
    expect(readings.get("inverter_power")).toBe(1.87);
    expect(readings.has("power_current")).toBe(false);
    expect(readings.has("cop_current")).toBe(false);
  });
});

describe("an ISG that is polled", () => {
  function connect(controller: number) {
    const device = createCountingDevice();
    for (let address = 0; address < 6000; address++) device.words.set(address, NO_OBJECT);
    for (const [address, word] of [
      [506, 65486],
      [512, 361],
      [539, 251],
      [546, 2480],
      [2500, 80],
      [5001, controller],
    ] as const) {
      device.words.set(address, word);
    }
    const clock = createFakeClock();
    const source = createRegisterSource({
      deviceId: "pump",
      profile: wpm,
      choice: { wanted: "shared" },
      reader: device,
      clock,
      quarantineStore: { load: async () => undefined, save: async () => {} },
      onNotice: () => {},
    });
    return async () => {
      await clock.advance(60_000);
      device.requests.length = 0;
      const { readings } = await source.take(new AbortController().signal);
      const values = new Map(readings.map((one) => [one.metric, one.value ?? one.quality]));
      return { values, requests: [...device.requests] };
    };
  }

  it("tells its controller first and then what only that one has", async () => {
    const poll = connect(WPM_3I);
    const first = await poll();
    expect(first.requests[0]).toBe("input 5001+1");
    expect(first.values.get("temp_outdoor")).toBe(-5);
    expect(first.values.get("temp_flow")).toBe(36.1);
    expect(first.values.get("compressor_state")).toBe(1);
    const second = await poll();
    expect(second.values.get("pressure_high")).toBe(25.1);
    expect(second.values.get("pressure_low")).toBe("absent");
    expect(second.requests.every((one) => Number(one.split("+")[1]) <= 111)).toBe(true);
  });

  it("is read in hundredths where it is a WPM 3", async () => {
    const poll = connect(WPM_3);
    await poll();
    expect((await poll()).values.get("pressure_high")).toBe(24.8);
  });

  it("is not read any further where it is an LWZ", async () => {
    const poll = connect(103);
    await expect(poll()).rejects.toMatchObject({ code: "PROFILE_MISMATCH" });
  });
});
