/** Parts of node-forge by themselves; the types come for the whole only. */
declare module "node-forge/lib/asn1.js" {
  import type forge from "node-forge";

  const asn1: typeof forge.asn1;
  export = asn1;
}

declare module "node-forge/lib/pem.js" {
  import type forge from "node-forge";

  const pem: typeof forge.pem;
  export = pem;
}
