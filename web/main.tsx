/** The page begins. */
import { render } from "preact";
import { watchHouse } from "./house.js";
import { Page } from "./page.js";

const root = document.getElementById("page");
if (root !== null) render(<Page />, root);
void watchHouse();
