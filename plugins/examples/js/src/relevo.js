// Short ways to write what a flow says and does. Yours to change: the host knows only the values.

import { log } from "relevo:flow/system@0.1.0-draft";

/**
 * The export of a plugin whose events `handle` answers. What it throws by mistake goes to the plugin's log with the line where it happened:
 * without this it would be a bare trap. A failure that a function of the host threw is passed on as it is.
 */
export function explained(handle) {
  return {
    handle(ids, event) {
      try {
        return handle(ids, event);
      } catch (error) {
        if (error?.payload !== undefined) throw error.payload;
        log("error", `${error.name}: ${error.message}`, JSON.stringify({ stack: error.stack }));
        throw { tag: "other", val: { name: error.name, payload: JSON.stringify(error.message) } };
      }
    },
  };
}

/** The body of an answer. QuickJS has no TextDecoder. */
export function jsonOf(response) {
  const escaped = Array.from(response.body, (byte) => `%${byte.toString(16).padStart(2, "0")}`);
  return JSON.parse(decodeURIComponent(escaped.join("")));
}

/** What the customer wrote, or the title of what they chose; null for a photo and the like. */
export function wordsOf(message) {
  const { tag, val } = message.content;
  if (tag === "text") return val;
  return tag === "choice" ? val.title : null;
}

export const text = (body) => ({ tag: "text", val: body });
export const buttons = (body, offered) => ({ tag: "buttons", val: { body, footer: null, buttons: offered } });
export const listing = (body, button, rows) => ({ tag: "listing", val: { body, button, sections: [{ title: "", rows }] } });

export const say = (content, evidence = []) => ({ tag: "say", val: { content, quotes: null, evidence, confidence: null, category: null } });
export const handOver = (reason) => ({ tag: "hand-over", val: { reason, team: null, summary: null } });
export const schedule = (name, atMs) => ({ tag: "schedule", val: { name, atMs, payload: "null", replace: true } });
export const cancelTimer = (name) => ({ tag: "cancel-timer", val: name });

export const keep = () => ({ tag: "keep" });
export const forget = () => ({ tag: "clear" });
export const remember = (state) => ({ tag: "set", val: JSON.stringify(state) });

export const handled = (actions, state = keep()) => ({ handled: true, actions, state });
/** Leaves the event to the next flow of the service point. */
export const pass = () => ({ handled: false, actions: [], state: keep() });
