import { runLbnl } from "./lbnl.js"; import { runSkab } from "./skab.js";
console.log(runLbnl("../shared/ml")); console.log(runSkab("../shared/ml"));
