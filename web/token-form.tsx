/** Asks for the owner's token. */
import { useState } from "preact/hooks";
import { access, enterToken } from "./api.js";
import { askAll } from "./house.js";
import { say } from "./texts.js";

export function TokenForm() {
  const [token, setToken] = useState("");
  return (
    <section aria-labelledby="token-title">
      <h2 id="token-title">{say("token")}</h2>
      <p>{say("tokenAsk")}</p>
      {access.value === "refused" && <p role="alert">{say("wrongToken")}</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          enterToken(token.trim());
          void askAll();
        }}
      >
        <label>
          {say("token")}{" "}
          <input
            type="password"
            autocomplete="current-password"
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>{" "}
        <button type="submit">{say("enter")}</button>
      </form>
    </section>
  );
}
