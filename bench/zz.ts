import { makeFleet } from "./community-fleet.js";
import { prepare } from "./community.js";
const q = prepare(makeFleet(Number(process.argv[2]), 1_790_000_000_000 - 1_790_000_000_000 % 3.6e6));
q.warmUp(); console.log(q.cpuMs(20), q.cpuMs(20)); for (let k=0;k<3;k++) q.cpuMs(50);
