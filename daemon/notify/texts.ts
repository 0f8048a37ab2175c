/** What owners read, in German and English. One place, so that both say the same. */
import type { Message, Notice, NoticeKind } from "./notify.js";

type Language = Message["language"];
type Facts = Notice["facts"];
interface Words {
  readonly title: string;
  readonly body: string;
}
type Phrase = (facts: Facts) => Words;

interface Phrases {
  readonly raised: Readonly<Record<Language, Phrase>>;
  /** Left out: nothing to say when it is over. */
  readonly resolved?: Readonly<Record<Language, Phrase>>;
}

const TEXTS: Readonly<Record<NoticeKind, Phrases>> = {
  anomaly: {
    raised: {
      de: ({ device, title, text }) => ({ title: `${device}: ${title}`, body: `${text}` }),
      en: ({ device, title, text }) => ({ title: `${device}: ${title}`, body: `${text}` }),
    },
    resolved: {
      de: ({ device, title }) => ({
        title: `${device}: wieder normal`,
        body: `Vorbei: ${title}.`,
      }),
      en: ({ device, title }) => ({
        title: `${device}: back to normal`,
        body: `Over: ${title}.`,
      }),
    },
  },
  "data-quality": {
    raised: {
      de: ({ device, text }) => ({ title: `${device}: auffälliger Messwert`, body: `${text}` }),
      en: ({ device, text }) => ({ title: `${device}: a reading looks wrong`, body: `${text}` }),
    },
    resolved: {
      de: ({ device }) => ({
        title: `${device}: Messwert wieder in Ordnung`,
        body: "Der auffällige Messwert ist wieder plausibel.",
      }),
      en: ({ device }) => ({
        title: `${device}: reading is fine again`,
        body: "The reading that looked wrong is plausible again.",
      }),
    },
  },
  "device-silent": {
    raised: {
      de: ({ device, minutes }) => ({
        title: `${device} antwortet nicht`,
        body:
          `Seit ${minutes} Minuten kommen keine Werte. Prüfen: Ist die Wärmepumpe am Netz, ist das ` +
          "Netzwerkkabel gesteckt, ist Modbus TCP in ihrem Menü noch eingeschaltet?",
      }),
      en: ({ device, minutes }) => ({
        title: `${device} does not answer`,
        body:
          `No values for ${minutes} minutes. Check: is the heat pump powered, is the network cable ` +
          "plugged in, is Modbus TCP still switched on in its menu?",
      }),
    },
    resolved: {
      de: ({ device }) => ({ title: `${device} antwortet wieder`, body: "Werte kommen wieder." }),
      en: ({ device }) => ({ title: `${device} answers again`, body: "Values are coming again." }),
    },
  },
  "backlog-nearly-full": {
    raised: {
      de: ({ percent }) => ({
        title: "Der Speicher für wartende Daten ist fast voll",
        body:
          `${percent} % sind belegt, weil der Server des Betreibers lange nicht erreicht wurde. ` +
          "Ist die Internetverbindung in Ordnung? Ist er voll, gehen die ältesten Daten verloren.",
      }),
      en: ({ percent }) => ({
        title: "The room for waiting data is nearly full",
        body:
          `${percent} % are used, because the operator's server was not reached for long. Is the ` +
          "internet connection all right? When it is full, the oldest data are lost.",
      }),
    },
    resolved: {
      de: () => ({ title: "Wartende Daten sind gesendet", body: "Es ist wieder Platz." }),
      en: () => ({ title: "Waiting data were sent", body: "There is room again." }),
    },
  },
  "became-eligible": {
    raised: {
      de: () => ({
        title: "Sie bekommen jetzt Modelle der Gemeinschaft",
        body: "Danke fürs Teilen! Sobald es für Ihre Wärmepumpe ein Modell gibt, kommt es von selbst.",
      }),
      en: () => ({
        title: "You now receive community models",
        body: "Thank you for sharing! As soon as there is a model for your heat pump, it arrives by itself.",
      }),
    },
  },
  "model-updated": {
    raised: {
      de: ({ model, release }) => ({
        title: "Neues Modell der Gemeinschaft",
        body: `Für ${model} gilt ab jetzt die Ausgabe ${release}.`,
      }),
      en: ({ model, release }) => ({
        title: "New community model",
        body: `For ${model}, release ${release} is used from now on.`,
      }),
    },
  },
  test: {
    raised: {
      de: () => ({ title: "heatpool: Probe", body: "Nachrichten kommen auf diesem Weg an." }),
      en: () => ({ title: "heatpool: test", body: "Notices arrive by this way." }),
    },
  },
};

/** `undefined`: there is nothing to say. */
export function toMessage(notice: Notice, language: Language): Message | undefined {
  const { kind, subject, severity, isResolved, atMs, facts } = notice;
  const phrases = isResolved ? TEXTS[kind].resolved : TEXTS[kind].raised;
  const words = phrases?.[language](facts);
  if (words === undefined) return undefined;
  return {
    ...{ kind, subject, severity, isResolved, atMs, language },
    title: cut(words.title, TITLE_CHARS_MAX),
    body: cut(words.body, BODY_CHARS_MAX),
  };
}

/** What every channel takes. */
const TITLE_CHARS_MAX = 120;
const BODY_CHARS_MAX = 1500;

/** Facts may hold what a device or a profile says: no control characters, no endless text. */
function cut(text: string, charsMax: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return plain.length <= charsMax ? plain : `${plain.slice(0, charsMax - 1)}…`;
}
