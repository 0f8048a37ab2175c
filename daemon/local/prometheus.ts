/** Vitals as Prometheus text. A registry of its own for each answer: nothing is kept between them. */
import type { Vital } from "./house.js";

export async function renderVitals(
  vitals: readonly Vital[],
): Promise<{ text: string; contentType: string }> {
  // Loaded with the first question: most houses have no Prometheus.
  const { Counter, Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  const known = new Map<
    string,
    (labels: Readonly<Record<string, string>>, value: number) => void
  >();
  for (const { name, help, value, labels = {} } of vitals) {
    let put = known.get(name);
    if (put === undefined) {
      const of = { name, help, labelNames: Object.keys(labels), registers: [registry] };
      if (name.endsWith("_total")) {
        const counter = new Counter(of);
        put = (with_, amount) => counter.inc({ ...with_ }, amount);
      } else {
        const gauge = new Gauge(of);
        put = (with_, amount) => gauge.set({ ...with_ }, amount);
      }
      known.set(name, put);
    }
    put(labels, value);
  }
  return { text: await registry.metrics(), contentType: registry.contentType };
}
