/** What the detector has to reach on the developers' data. A missed gate is reported, not mended. */
import type { SetFigures } from "./figures.js";

interface Gate {
  readonly figure: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const GATES: Readonly<Record<string, readonly Gate[]>> = {
  "sim-fleet": [
    { figure: "falseAlarmsPerMonth", atMost: 0.5 },
    { figure: "recall", atLeast: 0.9 },
    { figure: "share", atMost: 0.02 },
    { figure: "vusPr", atLeast: 0.86 },
    { figure: "topTwo", atLeast: 0.8 },
  ],
  "sim-fleet-reduced": [
    { figure: "falseAlarmsPerMonth", atMost: 0.5 },
    { figure: "recall", atLeast: 0.7 },
    { figure: "share", atMost: 0.02 },
    { figure: "vusPr", atLeast: 0.78 },
  ],
  "sim-local": [
    { figure: "falseAlarmsPerMonth", atMost: 0.5 },
    { figure: "recall", atLeast: 0.9 },
    { figure: "share", atMost: 0.02 },
    { figure: "vusPr", atLeast: 0.9 },
    { figure: "topTwo", atLeast: 0.8 },
  ],
  lbnl: [
    { figure: "vusPr", atLeast: 0.975 },
    { figure: "daysFound", atLeast: 13 },
  ],
  skab: [{ figure: "vusPr", atLeast: 0.83 }],
  nibe: [
    { figure: "falseAlarms", atMost: 1 },
    { figure: "recall", atLeast: 0.5 },
    { figure: "vusPr", atLeast: 0.42 },
  ],
};

/** Which gates these figures pass, as `sim-fleet recall 1.000 >= 0.9`. */
export function judgeGates(sets: Readonly<Record<string, SetFigures>>): {
  passed: string[];
  failed: string[];
} {
  const passed: string[] = [];
  const failed: string[] = [];
  for (const [set, figures] of Object.entries(sets))
    for (const { figure, atLeast, atMost } of GATES[set] ?? []) {
      const value = Number(figures[figure]);
      const isPassed = value >= (atLeast ?? value) && value <= (atMost ?? value);
      const bound = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
      (isPassed ? passed : failed).push(`${set} ${figure} ${value.toFixed(3)} ${bound}`);
    }
  return { passed, failed };
}
