/** The sentences of `heatpool doctor`, in German and English: what is so, and what to do about it. */
import type { Check, Judgement, Verdict } from "./diagnosis.js";

type Language = "de" | "en";

/** A judgement in words. */
export interface Finding {
  readonly check: Check;
  readonly verdict: Verdict;
  readonly text: string;
  /** What to do; empty where nothing is to be done. */
  readonly hint: string;
}

/** What is so, and what to do; `{name}` stands for a fact. */
type Sentence = readonly [text: string, hint: string];

const TEXTS: Record<Check, Record<string, Record<Language, Sentence>>> = {
  node: {
    good: { en: ["Node {version} is new enough.", ""], de: ["Node {version} ist neu genug.", ""] },
    old: {
      en: ["Node {version} is too old.", "Install Node {floor} or newer."],
      de: ["Node {version} ist zu alt.", "Installieren Sie Node {floor} oder neuer."],
    },
  },
  configuration: {
    good: {
      en: ["The configuration is sound.", ""],
      de: ["Die Konfiguration ist in Ordnung.", ""],
    },
    faulty: {
      en: ["The configuration cannot be used: {fault}", "Mend it, or run `heatpool setup`."],
      de: [
        "Die Konfiguration ist unbrauchbar: {fault}",
        "Berichtigen Sie sie, oder rufen Sie `heatpool setup` auf.",
      ],
    },
  },
  "heat-pump": {
    read: {
      en: ["{device} at {where} is read.", ""],
      de: ["{device} auf {where} wird gelesen.", ""],
    },
    unreachable: {
      en: [
        "{device} at {where} does not answer at all.",
        "Check power, network cable and address; a heat pump with a changing address wants a fixed one in the router.",
      ],
      de: [
        "{device} auf {where} antwortet überhaupt nicht.",
        "Prüfen Sie Strom, Netzwerkkabel und Adresse; eine Wärmepumpe mit wechselnder Adresse braucht im Router eine feste.",
      ],
    },
    "modbus-off": {
      en: [
        "Something at {where} is switched on, but Modbus TCP is not: {device} refuses the connection.",
        "Switch Modbus TCP on in the heat pump's menu; its manual or installer says where.",
      ],
      de: [
        "Auf {where} ist etwas eingeschaltet, aber nicht Modbus TCP: {device} weist die Verbindung ab.",
        "Schalten Sie Modbus TCP im Menü der Wärmepumpe ein; wo, sagt die Anleitung oder der Installateur.",
      ],
    },
    "no-answer": {
      en: [
        "{device} at {where} takes the connection and cannot be read: {why}",
        "Another program may hold the only connection, or the unit identifier is another.",
      ],
      de: [
        "{device} auf {where} nimmt die Verbindung an, ist aber nicht zu lesen: {why}",
        "Ein anderes Programm hält vielleicht die einzige Verbindung, oder die Unit-ID ist eine andere.",
      ],
    },
    mismatch: {
      en: [
        "{device} at {where} is not what its profile describes: {why}",
        "`heatpool profile probe --host <address>` finds the profile that fits.",
      ],
      de: [
        "{device} auf {where} ist nicht, was das Profil beschreibt: {why}",
        "`heatpool profile probe --host <Adresse>` findet das passende Profil.",
      ],
    },
    "no-broker": {
      en: [
        "No MQTT broker listens at {where}: {device} cannot be heard.",
        "Start the broker, or correct its address in the configuration.",
      ],
      de: [
        "Auf {where} lauscht kein MQTT-Broker: {device} ist nicht zu hören.",
        "Starten Sie den Broker, oder berichtigen Sie die Adresse in der Konfiguration.",
      ],
    },
    "no-messages": {
      en: [
        "The broker at {where} brings nothing of {device}: {why}",
        "Check that the gateway runs and publishes under the topics of its profile.",
      ],
      de: [
        "Vom Broker auf {where} kommt nichts von {device}: {why}",
        "Prüfen Sie, ob das Gateway läuft und unter den Topics seines Profils veröffentlicht.",
      ],
    },
  },
  clock: {
    synced: { en: ["The clock is set.", ""], de: ["Die Uhr ist gestellt.", ""] },
    unsynced: {
      en: [
        "No time server has set the clock since the start.",
        "`timedatectl set-ntp true`; until then nothing is sent, and readings wait.",
      ],
      de: [
        "Seit dem Start hat kein Zeitserver die Uhr gestellt.",
        "`timedatectl set-ntp true`; bis dahin wird nichts gesendet, und Messwerte warten.",
      ],
    },
  },
  disk: {
    good: { en: ["{freeMiB} MiB are free.", ""], de: ["{freeMiB} MiB sind frei.", ""] },
    low: {
      en: [
        "The disk is nearly full: {freeMiB} MiB are free.",
        "Make room; `journalctl --vacuum-size=100M` helps.",
      ],
      de: [
        "Der Speicher ist fast voll: {freeMiB} MiB sind frei.",
        "Schaffen Sie Platz; `journalctl --vacuum-size=100M` hilft.",
      ],
    },
    full: {
      en: [
        "The disk is full: {freeMiB} MiB are free. Readings are lost.",
        "Make room now; `journalctl --vacuum-size=100M` helps.",
      ],
      de: [
        "Der Speicher ist voll: {freeMiB} MiB sind frei. Messwerte gehen verloren.",
        "Schaffen Sie jetzt Platz; `journalctl --vacuum-size=100M` hilft.",
      ],
    },
  },
  memory: {
    limited: {
      en: ["The kernel limits memory as the unit says.", ""],
      de: ["Der Kernel begrenzt den Arbeitsspeicher, wie die Unit es sagt.", ""],
    },
    off: {
      en: [
        "The kernel's memory cgroup is switched off: MemoryMax of the unit has no effect.",
        "Add `cgroup_enable=memory` to /boot/firmware/cmdline.txt and restart, if you want the limit.",
      ],
      de: [
        "Die Speicher-Cgroup des Kernels ist ausgeschaltet: MemoryMax der Unit hat keine Wirkung.",
        "Fügen Sie `cgroup_enable=memory` in /boot/firmware/cmdline.txt an und starten Sie neu, wenn Sie die Grenze wollen.",
      ],
    },
  },
  permissions: {
    good: {
      en: ["The daemon may use its files.", ""],
      de: ["Der Dienst darf seine Dateien benutzen.", ""],
    },
    forbidden: {
      en: [
        "The daemon may not use {path} as it must.",
        "`chown heatpool: {path}`, or `chmod g+r` for its group.",
      ],
      de: [
        "Der Dienst darf {path} nicht so benutzen, wie er muss.",
        "`chown heatpool: {path}`, oder `chmod g+r` für seine Gruppe.",
      ],
    },
  },
  service: {
    running: { en: ["The daemon runs.", ""], de: ["Der Dienst läuft.", ""] },
    stopped: {
      en: ["The daemon does not run.", "`systemctl enable --now heatpool`"],
      de: ["Der Dienst läuft nicht.", "`systemctl enable --now heatpool`"],
    },
    failed: {
      en: ["The daemon has failed.", "`journalctl -u heatpool -n 50` says why."],
      de: ["Der Dienst ist gescheitert.", "`journalctl -u heatpool -n 50` sagt, warum."],
    },
    "not-running": {
      en: ["The daemon does not run.", "Start `heatpool run`."],
      de: ["Der Dienst läuft nicht.", "Starten Sie `heatpool run`."],
    },
  },
  consent: {
    granted: { en: ["You agreed to share.", ""], de: ["Sie haben dem Teilen zugestimmt.", ""] },
    missing: {
      en: ["Nothing is shared: you have not agreed.", "`heatpool consent grant`, if you want to."],
      de: [
        "Es wird nichts geteilt: Sie haben nicht zugestimmt.",
        "`heatpool consent grant`, wenn Sie möchten.",
      ],
    },
    withdrawn: {
      en: [
        "Nothing is shared: you withdrew your consent.",
        "`heatpool consent grant`, if you want to again.",
      ],
      de: [
        "Es wird nichts geteilt: Sie haben widerrufen.",
        "`heatpool consent grant`, wenn Sie wieder möchten.",
      ],
    },
    outdated: {
      en: [
        "Sharing pauses: the text of the consent has changed.",
        "Read it and decide: `heatpool consent grant`.",
      ],
      de: [
        "Das Teilen pausiert: Der Text der Einwilligung hat sich geändert.",
        "Lesen und entscheiden Sie: `heatpool consent grant`.",
      ],
    },
  },
  backend: {
    none: {
      en: ["No backend is configured; everything stays in the house.", ""],
      de: ["Es ist kein Server eingetragen; alles bleibt im Haus.", ""],
    },
    online: {
      en: ["The backend {where} is connected.", ""],
      de: ["Der Server {where} ist verbunden.", ""],
    },
    reachable: {
      en: ["The backend {where} can be reached.", ""],
      de: ["Der Server {where} ist erreichbar.", ""],
    },
    unreachable: {
      en: [
        "The backend {where} cannot be reached; readings wait on disk.",
        "Check the internet connection and the address.",
      ],
      de: [
        "Der Server {where} ist nicht erreichbar; Messwerte warten auf dem Speicher.",
        "Prüfen Sie Internetverbindung und Adresse.",
      ],
    },
  },
};

/** A judgement as a person reads it. */
export function toFinding({ check, verdict, says, facts }: Judgement, language: Language): Finding {
  const sentence = TEXTS[check][says]?.[language];
  if (sentence === undefined) throw new Error(`no text for ${check}/${says}`);
  const [text, hint] = sentence.map((part) =>
    part.replace(/\{(\w+)\}/g, (_, name: string) => String(facts[name] ?? "?")),
  );
  return { check, verdict, text: text ?? "", hint: hint ?? "" };
}
