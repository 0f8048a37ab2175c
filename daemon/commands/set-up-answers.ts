/** What `heatpool setup` says and asks, and the configuration that its answers make. */
import type { Language } from "./language.js";

const PAGE_PORT = 8480;

/** What the person decided about the heat pump and the backend. */
export interface Answers {
  readonly language: Language;
  readonly host: string;
  readonly port: number | undefined;
  readonly unitId: number | undefined;
  readonly profile: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly backend: string | undefined;
  readonly caFile: string | undefined;
  readonly claimTokenFile: string | undefined;
}

export const SAYS = {
  en: {
    host: "Address of the heat pump or its gateway (empty: look for it in this network): ",
    searching: (count: number) => `Looking at ${count} addresses for Modbus TCP …`,
    found: "Modbus TCP answers at:",
    which: "Which one is the heat pump? Number: ",
    probing: "Asking the device what it is; this takes a minute or two …",
    profile: (name: string) => `Profile: ${name}`,
    written: (path: string) => `${path} is written.`,
    resumed: (path: string) => `${path} is there already and stays as it is.`,
    reading: "One reading, to compare with the display of the heat pump:",
    backend: "Address of a backend to share with, as host:port (empty: share nothing): ",
    noSharing: "Nothing is shared. You can decide otherwise at any time: `heatpool consent grant`.",
    started: "The service runs, and starts with the machine.",
    notStarted: "There is no systemd here: start `heatpool run` yourself.",
    notReady: "The service has not answered yet; `heatpool doctor` says how it is.",
    page: "The page: http://127.0.0.1:8480 here; from elsewhere by `ssh -L 8480:127.0.0.1:8480 …`.",
    over: "Done. `heatpool status` shows how it is doing.",
  },
  de: {
    host: "Adresse der Wärmepumpe oder ihres Gateways (leer: in diesem Netz suchen): ",
    searching: (count: number) => `Suche an ${count} Adressen nach Modbus TCP …`,
    found: "Modbus TCP antwortet auf:",
    which: "Welche ist die Wärmepumpe? Nummer: ",
    probing: "Frage das Gerät, was es ist; das dauert ein, zwei Minuten …",
    profile: (name: string) => `Profil: ${name}`,
    written: (path: string) => `${path} ist geschrieben.`,
    resumed: (path: string) => `${path} gibt es schon und bleibt, wie es ist.`,
    reading: "Eine Ablesung zum Vergleich mit der Anzeige der Wärmepumpe:",
    backend: "Adresse eines Servers zum Teilen, als host:port (leer: nichts teilen): ",
    noSharing: "Es wird nichts geteilt. Das können Sie jederzeit ändern: `heatpool consent grant`.",
    started: "Der Dienst läuft und startet mit dem Gerät.",
    notStarted: "Hier gibt es kein systemd: Starten Sie `heatpool run` selbst.",
    notReady: "Der Dienst hat noch nicht geantwortet; `heatpool doctor` sagt, wie es steht.",
    page: "Die Seite: http://127.0.0.1:8480 hier; von anderswo mit `ssh -L 8480:127.0.0.1:8480 …`.",
    over: "Fertig. `heatpool status` zeigt, wie es läuft.",
  },
} as const;

/** The configuration as YAML; every text is quoted as JSON, which YAML reads. */
export function writeConfigText(answers: Answers): string {
  const { language, host, port, unitId, profile, parameters, backend } = answers;
  const line = (indent: string, key: string, value: unknown) =>
    value === undefined ? [] : [`${indent}${key}: ${JSON.stringify(value)}`];
  return [
    "# Written by `heatpool setup`; heatpool.yaml(5) explains every setting.",
    "devices:",
    "  - deviceId: heatpump",
    ...line("    ", "host", host),
    ...line("    ", "port", port),
    ...line("    ", "unitId", unitId),
    ...line("    ", "profile", profile),
    ...line("    ", "parameters", Object.keys(parameters).length > 0 ? parameters : undefined),
    ...(backend === undefined
      ? []
      : [
          "backend:",
          ...line("  ", "url", backend),
          ...line("  ", "caFile", answers.caFile),
          ...line("  ", "claimTokenFile", answers.claimTokenFile),
        ]),
    "# The page in the house; seen on this machine alone.",
    "local:",
    ...line("  ", "port", PAGE_PORT),
    ...line("", "language", language),
    "",
  ].join("\n");
}
