/** Signed metadata of the catalogue, fetched from the backend piece by piece, within a limit. */
import { status } from "@grpc/grpc-js";
import { HeatpoolError } from "#core/errors.js";
import { ModelServiceClient } from "#proto/heatpool/model/v1/model_service.js";
import type { MetadataSource } from "../catalogue/catalogue.js";
import { type AskingLine, createAskingLine } from "./asking-line.js";
import { createMetadata, type Endpoint, joinLine, toUplinkError } from "./grpc-transport.js";

/** Four megabytes over a slow line. */
const ANSWER_MAX_MS = 120_000;

/** Metadata, and the connection that it comes on. */
export interface MetadataConnection extends MetadataSource {
  /** Keeps one connection for all files that are fetched while `work` lasts. */
  during<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Asks the backend for metadata. Nothing stays open that nobody uses.
 *
 * @param toEndpoint where and as whom, asked each time
 */
export function connectMetadata(
  toEndpoint: () => Endpoint,
  line: AskingLine = createAskingLine(),
): MetadataConnection {
  return {
    async during(work) {
      let close = () => {};
      try {
        ({ close } = joinLine(line, toEndpoint()));
      } catch {
        // Where there is no way to the backend, the first file says so.
      }
      return await work().finally(close);
    },
    async fetch(name, version, bytesMax, signal) {
      const endpoint = toEndpoint();
      const { parts, close } = joinLine(line, endpoint);
      const client = new ModelServiceClient(...parts);
      const answer = new Promise<Buffer | undefined>((resolve, reject) => {
        const options = { deadline: Date.now() + ANSWER_MAX_MS };
        const question = { name, version: BigInt(version ?? 0) };
        const call = client.getMetadata(question, createMetadata(endpoint), options);
        const stop = () => call.cancel();
        signal.addEventListener("abort", stop, { once: true });
        if (signal.aborted) stop();
        const done = () => signal.removeEventListener("abort", stop);
        const pieces: Buffer[] = [];
        let bytes = 0;
        call.on("data", ({ piece }: { piece: Uint8Array }) => {
          bytes += piece.length;
          if (bytes <= bytesMax) {
            pieces.push(Buffer.from(piece));
            return;
          }
          done();
          // First, so that the cancellation is not taken for the reason.
          reject(new HeatpoolError("CATALOGUE_REFUSED", `${name}: more than ${bytesMax} bytes`));
          call.cancel();
        });
        call.on("end", () => {
          done();
          resolve(Buffer.concat(pieces));
        });
        call.on("error", (error: { code?: number; details?: string }) => {
          done();
          if (error.code === status.NOT_FOUND) resolve(undefined);
          else reject(toError(error));
        });
      });
      return await answer.finally(close);
    },
  };
}

function toError(error: { code?: number; details?: string }): HeatpoolError {
  const codes = {
    [status.UNAUTHENTICATED]: "UNAUTHENTICATED",
    [status.PERMISSION_DENIED]: "PERMISSION_DENIED",
    [status.RESOURCE_EXHAUSTED]: "RATE_LIMITED",
  } as const;
  const code = codes[error.code as keyof typeof codes] ?? "UNAVAILABLE";
  return toUplinkError(code, error);
}
