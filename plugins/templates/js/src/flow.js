// Repeats what the customer writes, after a greeting.

import { config } from "relevo:flow/turn@0.1.0-draft";
import { explained, handled, pass, say, text, wordsOf } from "./relevo.js";

export const flow = explained((ids, event) => {
  if (event.tag !== "messages") return pass();
  const { greeting } = JSON.parse(config());
  const words = event.val.map(wordsOf).filter((said) => said !== null);
  return handled([say(text(`${greeting} Escribiste: ${words.join(" ")}`))]);
});
