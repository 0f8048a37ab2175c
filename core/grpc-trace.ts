/**
 * gRPC's own traces hold network addresses and do not pass through our log, which masks them. A
 * program that serves or sends does not begin with them.
 */
import { HeatpoolError } from "./errors.js";

/** What switches them on in @grpc/grpc-js 1.14, `src/logging.ts`; the first that is set counts. */
const VARIABLES = ["GRPC_NODE_TRACE", "GRPC_TRACE"] as const;

/**
 * @param variable reads one of the environment
 * @throws HeatpoolError `CONFIG_INVALID` traces are switched on
 */
export function refuseGrpcTrace(variable: (name: string) => string | undefined): void {
  for (const name of VARIABLES) {
    const value = variable(name)?.trim() ?? "";
    if (value === "" || value === "none") continue;
    throw new HeatpoolError("CONFIG_INVALID", `${name}=${value}: traces hold network addresses`, {
      hint: `Unset ${name}. For more in the log set logLevel: debug; addresses are masked there.`,
    });
  }
}
