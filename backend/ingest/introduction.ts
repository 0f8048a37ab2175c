/** Checks what a sender says about itself, before anything is believed or kept. */
import { STEP_MS_MAX, STEP_MS_MIN } from "#core/batch/limits.js";
import { HeatpoolError } from "#core/errors.js";
import type { DeclaredDevice, Introduction } from "./ingest.js";

/** Devices, and epochs, of one introduction. */
const LIST_MAX = 64;
const SCOPES_MAX = 8;
const NAME_CHARS_MAX = 128;
const VERSION_CHARS_MAX = 64;
const TABLE_ID_BYTES = 8;

/** Daemons make version 4 and their door asks for it; clients by HTTP have others. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const DEVICE_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be in a name
const CONTROL = /[\u0000-\u001f\u007f]/;

/** @throws HeatpoolError `CONSENT_MISSING`, `INVALID_ARGUMENT` */
export function checkIntroduction(introduction: Introduction): void {
  const { installationId, daemonVersion, devices, epochs } = introduction;
  demand(UUID.test(installationId), "installation id is no lower-case UUID");
  checkConsent(introduction);
  demand(isName(daemonVersion, VERSION_CHARS_MAX), "daemon version is too long");
  demand(devices.length <= LIST_MAX, `${devices.length} devices, at most ${LIST_MAX}`);
  demand(epochs.length <= LIST_MAX, `${epochs.length} epochs, at most ${LIST_MAX}`);
  for (const device of devices) checkDevice(device);
  for (const { epochId, firstUnacked, lastSealed } of epochs) {
    demand(UUID_V4.test(epochId), `epoch ${epochId} is no lower-case UUIDv4`);
    const areNumbers = Number.isSafeInteger(firstUnacked) && Number.isSafeInteger(lastSealed);
    demand(areNumbers && firstUnacked >= 0 && lastSealed >= 0, `numbers of epoch ${epochId}`);
  }
  const ids = new Set(epochs.map((one) => one.epochId));
  demand(ids.size === epochs.length, "an epoch is listed twice");
}

function checkConsent({ consentVersion, consentScopes }: Introduction): void {
  demand(consentScopes.length <= SCOPES_MAX, `${consentScopes.length} scopes`);
  if (consentVersion >= 1 && consentScopes.includes("telemetry")) return;
  throw new HeatpoolError(
    "CONSENT_MISSING",
    `consent version ${consentVersion} without telemetry`,
    {
      hint: "Agree on the daemon with `heatpool consent`; nothing is taken before.",
    },
  );
}

function checkDevice(device: DeclaredDevice): void {
  const { deviceId, profile, heatpumpModel, tableId, stepMs } = device;
  demand(DEVICE_ID.test(deviceId), `device id ${JSON.stringify(deviceId.slice(0, 40))}`);
  demand(isName(profile, NAME_CHARS_MAX), `profile of ${deviceId}`);
  demand(isName(heatpumpModel, NAME_CHARS_MAX), `heat pump model of ${deviceId}`);
  demand(tableId.length === TABLE_ID_BYTES, `table id of ${deviceId}: ${tableId.length} bytes`);
  const isStep = Number.isInteger(stepMs) && stepMs >= STEP_MS_MIN && stepMs <= STEP_MS_MAX;
  demand(isStep, `step of ${deviceId}: ${stepMs} ms`);
}

function isName(text: string, charsMax: number): boolean {
  return text.length <= charsMax && !CONTROL.test(text);
}

function demand(isRight: boolean, what: string): void {
  if (!isRight) throw new HeatpoolError("INVALID_ARGUMENT", what);
}
