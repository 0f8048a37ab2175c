/** The bearer token, judged before anything else of a request. */
import { Refusal } from "./answers.js";
import type { BearerTokens, TokenHolder } from "./http.js";

/** The scheme in any case, one or more blanks, and the token (RFC 9110, 11.4; RFC 6750, 2.1). */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i;
const HEADER_CHARS_MAX = 512;

/** @throws Refusal 401 without the header, 403 with another one than we gave out */
export function judgeBearer(header: string | undefined, tokens: BearerTokens): TokenHolder {
  if (header === undefined || header.trim() === "") {
    throw new Refusal(401, "Missing Authorization Header", { "WWW-Authenticate": "Bearer" });
  }
  const token = header.length > HEADER_CHARS_MAX ? undefined : BEARER.exec(header)?.[1];
  const holder = token === undefined ? undefined : tokens.find(token);
  if (holder === undefined) throw new Refusal(403, "Invalid Token");
  return holder;
}
