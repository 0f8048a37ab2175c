/** A small MQTT profile as text, in which single lines can be replaced. */

const TEXT = `name: test/gateway
transport: mqtt
manufacturer: Test
model: Gateway
description: { de: Versuch, en: Trial }
verified: false
sources: { src: a source of facts }
broker: { neverPublish: ["{base}/cmnd/#"] }
publishing: { pattern: cyclic, everySeconds: 30, maxAgeSeconds: 60, retained: false }
availability:
  - { topic: "{base}/LWT", alive: [online], meaning: it runs }
parameters:
  base: { label: { de: Wurzel, en: Base }, default: [gw] }
  dp: { label: { de: Format, en: Format }, default: ["{didName}", "{ecuAddr:03X}_{didNumber}_{didName}"] }
  device: { label: { de: Gerät, en: Device }, default: [vcal] }
layouts:
  list: [{ topic: "{base}/<1>" }]
defaults: { source: [src], absentTexts: ["-"] }
points:
  - { from: [{ topic: "{base}/{dp:0x680,268,Flow}" }], metric: temp_flow, unit: °C, absent: [-99], label: { de: Vorlauf, en: Flow } }
  - { from: [{ topic: "{base}/mode" }], metric: operating_mode, codes: { 0: { de: aus, en: "off" }, 1: { de: Heizen, en: heating } }, aliases: { Heating_active: 1 }, label: { de: Modus, en: Mode } }
  - { from: [{ topic: "{base}/Serial" }], id: serial, kind: text, label: { de: Nummer, en: Number } }
derived: []
vectors:
  - { point: temp_flow, topic: gw/Flow, payload: "39.6", value: 39.6 }
`;

/** @param changes what stands there → what stands there instead */
export function mqttProfileText(...changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the text has no ${from}`);
    return text.replace(from, to);
  }, TEXT);
}
