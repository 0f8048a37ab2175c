/** The page from top to bottom. */
import { useEffect } from "preact/hooks";
import { Alarms } from "./alarms.js";
import { access, isInContact } from "./api.js";
import { Charts } from "./charts.js";
import { CommunityView } from "./community.js";
import { ConsentView } from "./consent.js";
import { Efficiency } from "./efficiency.js";
import { device, deviceId, devices } from "./house.js";
import { ModeTimeline } from "./mode-timeline.js";
import { NowValues } from "./now-values.js";
import { SharingView } from "./sharing.js";
import { language, say, sayOr, switchLanguage } from "./texts.js";
import { TokenForm } from "./token-form.js";

export function Page() {
  useEffect(() => {
    document.documentElement.lang = language.value;
    document.title = `heatpool · ${say("title")}`;
  }, [language.value]);
  return (
    <>
      <header>
        <h1>{say("title")}</h1>
        <DeviceChoice />
        <button type="button" lang={language.value === "de" ? "en" : "de"} onClick={switchLanguage}>
          {say("language")}
        </button>
      </header>
      <main>
        {access.value === "open" ? <House /> : <TokenForm />}
        <p class="contact" role="status">
          {isInContact.value ? "" : say("lostContact")}
        </p>
      </main>
    </>
  );
}

function House() {
  return (
    <>
      <Alarms />
      <NowValues />
      <Charts />
      <ModeTimeline />
      <Efficiency />
      <SharingView />
      <ConsentView />
      <CommunityView />
    </>
  );
}

function DeviceChoice() {
  const chosen = device.value;
  if (chosen === undefined) return null;
  const state = sayOr(`state_${chosen.state}`, chosen.state);
  if (devices.value.length === 1) {
    return (
      <p class="device">
        {chosen.heatpumpModel} · {state}
      </p>
    );
  }
  return (
    <p class="device">
      <select
        aria-label={say("title")}
        value={chosen.deviceId}
        onChange={({ currentTarget }) => {
          deviceId.value = currentTarget.value;
        }}
      >
        {devices.value.map((one) => (
          <option key={one.deviceId} value={one.deviceId}>
            {one.deviceId}
          </option>
        ))}
      </select>{" "}
      {chosen.heatpumpModel} · {state}
    </p>
  );
}
