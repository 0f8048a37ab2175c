/**
 * The text that the owner agrees to, in both languages. A change of one word is a new version with
 * a new hash; sending then pauses until the owner accepted it. The test pins version and hashes.
 */
import { createHash } from "node:crypto";
import type { Locale } from "#core/enrolment/consent-record.js";

export const CONSENT_TEXT_ID = "heatpool-data-sharing";
export const CONSENT_VERSION = 1;

const EN = `Sharing heat pump data (version 1)

heatpool runs without this consent: it then reads your heat pump and keeps everything in your house.

If you agree to "telemetry", heatpool sends to the backend that your configuration names:
- the measured values of your heat pump (numbers and on/off states of the published list of
  metrics) with their times,
- the model of the heat pump, the profile that reads it and the version of heatpool,
- a random number that stands for your installation, and this consent.
It does not send names, addresses, positions, passwords or free text. The data are pseudonymous:
whoever knows your installation's number can tell which data are yours. Your network address is
visible to the backend while you are connected, as with every connection; it is not stored.

Further purposes, each of which you may agree to separately:
- "model_training": the data may be used to train models that recognise faults of heat pumps.
- "community_stats": the data may count in statistics over at least 15 installations.
- "commercial_use": the operator may use the data for commercial purposes. You may have models
  without agreeing to this.

The backend deletes measured values after 12 months. They remain yours; you may have them exported
or erased. You may withdraw at any time with "heatpool consent withdraw", also without a network:
sending stops at once and what was waiting to be sent is wiped from your disk. Consent is
voluntary; community models are for installations that contribute.
`;

const DE = `Daten der Wärmepumpe teilen (Version 1)

heatpool läuft auch ohne diese Einwilligung: Es liest dann Ihre Wärmepumpe und behält alles in
Ihrem Haus.

Wenn Sie in „telemetry“ einwilligen, sendet heatpool an das Backend, das Ihre Konfiguration nennt:
- die Messwerte Ihrer Wärmepumpe (Zahlen und Ein/Aus-Zustände der veröffentlichten Liste von
  Messgrößen) mit ihren Zeiten,
- das Modell der Wärmepumpe, das Profil, das sie liest, und die Version von heatpool,
- eine Zufallszahl, die für Ihre Installation steht, und diese Einwilligung.
Es sendet keine Namen, Adressen, Standorte, Passwörter und keinen freien Text. Die Daten sind
pseudonym: Wer die Nummer Ihrer Installation kennt, kann sagen, welche Daten Ihre sind. Ihre
Netzwerkadresse ist für das Backend sichtbar, solange Sie verbunden sind, wie bei jeder
Verbindung; sie wird nicht gespeichert.

Weitere Zwecke, in die Sie jeweils einzeln einwilligen können:
- „model_training“: Mit den Daten dürfen Modelle trainiert werden, die Störungen von Wärmepumpen
  erkennen.
- „community_stats“: Die Daten dürfen in Statistiken über mindestens 15 Installationen eingehen.
- „commercial_use“: Der Betreiber darf die Daten für gewerbliche Zwecke nutzen. Modelle erhalten
  Sie auch ohne diese Einwilligung.

Das Backend löscht Messwerte nach 12 Monaten. Sie bleiben Ihre; Sie können sie exportieren oder
löschen lassen. Sie können jederzeit mit „heatpool consent withdraw“ widerrufen, auch ohne Netz:
Das Senden endet sofort, und was auf das Senden wartete, wird von Ihrem Datenträger gelöscht. Die
Einwilligung ist freiwillig; Community-Modelle sind für Installationen, die beitragen.
`;

/** The text of this version. */
export const CONSENT_TEXTS: Readonly<Record<Locale, string>> = { de: DE, en: EN };

/** SHA-256 of a text, in hexadecimal; stands in the record. */
export function consentTextSha256(locale: Locale): string {
  return createHash("sha256").update(CONSENT_TEXTS[locale]).digest("hex");
}
