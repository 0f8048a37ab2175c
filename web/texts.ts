/** Every text of the page, in both languages. */
import { computed, signal } from "@preact/signals";

export type Language = "de" | "en";

const EN = {
  title: "Your heat pump",
  language: "Deutsch",
  now: "Now",
  metric: "Quantity",
  value: "Value",
  quality: "Quality",
  asOf: "as of",
  stale: "No values at present: the heat pump has not answered.",
  noValues: "Nothing was read yet.",
  showAll: "Show all values",
  showFewer: "Show fewer",
  charts: "Charts",
  day: "Last day",
  week: "Last week",
  temperatures: "Temperatures",
  powers: "Power",
  noHistory: "There are no values of this time yet.",
  mode: "Operating mode",
  efficiency: "Efficiency and starts",
  cop: "COP",
  copCounters: "from the energy counters",
  copPowers: "from heat and electrical power",
  starts: "Compressor starts per hour, last day",
  startsDay: "starts in 24 hours",
  unknown: "not known",
  sharing: "What leaves the house",
  consent: "Consent",
  consent_missing: "Nothing was agreed to. Nothing leaves the house.",
  consent_granted: "Agreed. Values are sent to the backend below.",
  consent_outdated: "The text has changed. Sending pauses until you agree again.",
  consent_withdrawn: "Withdrawn. Nothing leaves the house.",
  backend: "Backend",
  none: "none",
  online: "connected",
  offline: "not connected",
  waiting: "Waiting to be sent",
  waitingOf: "snapshots",
  sentSince: "Sent since the start",
  lost: "lost",
  sentAt: "Sent",
  rows: "Snapshots",
  readings: "Values",
  bytes: "Bytes",
  acked: "The backend has it",
  yes: "yes",
  no: "no",
  look: "Look inside",
  close: "Close",
  nothingSent: "Nothing was sent since the daemon started.",
  readText: "Read the text",
  purposes: "Further purposes",
  scope_model_training: "Train models that recognise faults",
  scope_community_stats: "Count in statistics of at least 15 installations",
  scope_commercial_use: "Commercial use by the operator",
  agree: "I agree: start sharing",
  withdraw: "Withdraw: stop sharing",
  working: "One moment…",
  alarms: "Alarms",
  noAlarms: "No alarms.",
  community: "Community",
  communityNeeds: "The community is asked only with your consent and a backend.",
  communityFails: "The backend does not answer at present.",
  here: "Here, 24 h",
  mean: "Mean",
  middle: "8 of 10 lie in",
  installations: "installations",
  noAverages: "No statistics are published for this model yet.",
  tokenAsk: "This page needs the token from the token file.",
  token: "Token",
  enter: "Open",
  wrongToken: "That is not the token, or there were too many attempts. Wait a minute.",
  lostContact: "No contact with the daemon. Trying again.",
  min: "least",
  max: "greatest",
  last: "last",
  q_good: "good",
  q_reread: "read twice",
  q_absent: "absent",
  q_implausible: "implausible",
  "q_read-error": "read error",
  q_quarantined: "refused by the device",
  "q_not-due": "not read this time",
  q_stale: "out of date",
  state_online: "online",
  state_offline: "does not answer",
  state_unknown: "starting",
};

export type Key = keyof typeof EN;

const DE: Record<Key, string> = {
  title: "Ihre Wärmepumpe",
  language: "English",
  now: "Jetzt",
  metric: "Messgröße",
  value: "Wert",
  quality: "Güte",
  asOf: "Stand",
  stale: "Zurzeit keine Werte: Die Wärmepumpe hat nicht geantwortet.",
  noValues: "Es wurde noch nichts gelesen.",
  showAll: "Alle Werte zeigen",
  showFewer: "Weniger zeigen",
  charts: "Verlauf",
  day: "Letzter Tag",
  week: "Letzte Woche",
  temperatures: "Temperaturen",
  powers: "Leistung",
  noHistory: "Aus dieser Zeit gibt es noch keine Werte.",
  mode: "Betriebsart",
  efficiency: "Effizienz und Starts",
  cop: "Leistungszahl",
  copCounters: "aus den Energiezählern",
  copPowers: "aus Wärme- und elektrischer Leistung",
  starts: "Verdichterstarts je Stunde, letzter Tag",
  startsDay: "Starts in 24 Stunden",
  unknown: "nicht bekannt",
  sharing: "Was das Haus verlässt",
  consent: "Einwilligung",
  consent_missing: "Es wurde nicht eingewilligt. Nichts verlässt das Haus.",
  consent_granted: "Eingewilligt. Werte gehen an das unten genannte Backend.",
  consent_outdated: "Der Text hat sich geändert. Das Senden ruht, bis Sie erneut einwilligen.",
  consent_withdrawn: "Widerrufen. Nichts verlässt das Haus.",
  backend: "Backend",
  none: "keines",
  online: "verbunden",
  offline: "nicht verbunden",
  waiting: "Wartet auf das Senden",
  waitingOf: "Abfragen",
  sentSince: "Gesendet seit dem Start",
  lost: "verloren",
  sentAt: "Gesendet",
  rows: "Abfragen",
  readings: "Werte",
  bytes: "Bytes",
  acked: "Das Backend hat es",
  yes: "ja",
  no: "nein",
  look: "Hineinsehen",
  close: "Schließen",
  nothingSent: "Seit dem Start des Dienstes wurde nichts gesendet.",
  readText: "Den Text lesen",
  purposes: "Weitere Zwecke",
  scope_model_training: "Modelle trainieren, die Störungen erkennen",
  scope_community_stats: "In Statistiken über mindestens 15 Installationen eingehen",
  scope_commercial_use: "Gewerbliche Nutzung durch den Betreiber",
  agree: "Ich willige ein: Teilen beginnen",
  withdraw: "Widerrufen: Teilen beenden",
  working: "Einen Augenblick…",
  alarms: "Alarme",
  noAlarms: "Keine Alarme.",
  community: "Gemeinschaft",
  communityNeeds: "Die Gemeinschaft wird nur mit Ihrer Einwilligung und einem Backend gefragt.",
  communityFails: "Das Backend antwortet zurzeit nicht.",
  here: "Hier, 24 h",
  mean: "Mittel",
  middle: "8 von 10 liegen in",
  installations: "Installationen",
  noAverages: "Für dieses Modell sind noch keine Statistiken veröffentlicht.",
  tokenAsk: "Diese Seite braucht das Token aus der Token-Datei.",
  token: "Token",
  enter: "Öffnen",
  wrongToken: "Das ist nicht das Token, oder es waren zu viele Versuche. Warten Sie eine Minute.",
  lostContact: "Keine Verbindung zum Dienst. Es wird weiter versucht.",
  min: "kleinster",
  max: "größter",
  last: "letzter",
  q_good: "gut",
  q_reread: "zweimal gelesen",
  q_absent: "nicht vorhanden",
  q_implausible: "unplausibel",
  "q_read-error": "Lesefehler",
  q_quarantined: "vom Gerät verweigert",
  "q_not-due": "diesmal nicht gelesen",
  q_stale: "veraltet",
  state_online: "erreichbar",
  state_offline: "antwortet nicht",
  state_unknown: "startet",
};

const TEXTS: Record<Language, Record<Key, string>> = { de: DE, en: EN };

const STORED = "heatpool.language";

function firstLanguage(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === "de" || stored === "en") return stored;
  return navigator.language.startsWith("de") ? "de" : "en";
}

export const language = signal<Language>(firstLanguage());
/** How numbers and times are written. */
export const locale = computed(() => (language.value === "de" ? "de-DE" : "en-GB"));
const table = computed(() => TEXTS[language.value]);

/** The text of that name in the present language. */
export function say(key: Key): string {
  return table.value[key];
}

/** A text that may be missing from the table, such as a quality that a later daemon knows. */
export function sayOr(key: string, otherwise: string): string {
  return (table.value as Record<string, string>)[key] ?? otherwise;
}

export function switchLanguage(): void {
  language.value = language.value === "de" ? "en" : "de";
  localStorage.setItem(STORED, language.value);
}
