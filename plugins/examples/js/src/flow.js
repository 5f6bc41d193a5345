// Tells customers where their shipment is: asks for its number, looks it up, and hands over to a person who is asked for.

import { config, nowMs, state } from "relevo:flow/turn@0.1.0-draft";
import { get, put } from "relevo:flow/kv@0.1.0-draft";
import { send } from "relevo:flow/http@0.1.0-draft";
import { log } from "relevo:flow/system@0.1.0-draft";
import { buttons, cancelTimer, explained, forget, handOver, handled, jsonOf, keep, pass, remember, say, schedule, text, wordsOf } from "./relevo.js";

const CARRIER = "https://api.example.com/";
const CUSTOMER = { tag: "customer" };
const REMINDER = "reminder";
const STATES = { pending: "en preparación", "in-transit": "en camino", delivered: "entregado" };

export const flow = explained((_ids, event) => {
  if (event.tag === "timer") return remind();
  if (event.tag !== "messages") return pass();
  const said = event.val.map(wordsOf).filter((words) => words !== null);
  return answer(said.at(-1) ?? "");
});

// What is wrong with a configuration beyond what its schema says; nothing is in reach here.
export const configuration = {
  check(entered) {
    const { base_url } = JSON.parse(entered);
    return base_url.startsWith(CARRIER) ? [] : [{ field: "/base_url", message: `Tiene que empezar con ${CARRIER}: a otro lugar no puedo llamar.` }];
  },
};

function answer(said) {
  if (asksForPerson(said)) return passOn();
  const number = shipmentNumber(said);
  return number === null ? ask() : lookUp(number);
}

function ask() {
  const { question, reminder_minutes } = settings();
  const last = get(CUSTOMER, "last");
  const asked = last ? buttons(question, [{ id: "last", title: JSON.parse(last.value) }]) : text(question);
  const actions = [say(asked)];
  if (reminder_minutes > 0) actions.push(schedule(REMINDER, nowMs() + reminder_minutes * 60_000));
  return handled(actions, remember({ asked: true }));
}

function lookUp(number) {
  const found = shipment(number);
  if (found === "unreachable") return handled([say(text("Ahora no puedo consultar los envíos. Probá otra vez en unos minutos."))], keep());
  if (found === "unknown") {
    const body = `No encuentro el envío ${number}. Revisá el número y escribilo otra vez.`;
    return handled([say(buttons(body, [{ id: "person", title: "Hablar con alguien" }]))], remember({ asked: true }));
  }
  put(CUSTOMER, "last", JSON.stringify(number), null, null);
  const place = found.place ? ` Último lugar: ${found.place}.` : "";
  const evidence = { kind: "shipment", id: number, title: `Envío ${number}` };
  const told = say(text(`Tu envío ${number} está ${STATES[found.state] ?? found.state}.${place}`), [evidence]);
  return handled([told, cancelTimer(REMINDER)], forget());
}

// What the carrier knows of it. A function of the host throws an error whose payload is the failure, such as { tag: "timed-out" }.
function shipment(number) {
  const headers = [["authorization", "Bearer {{secret:API_KEY}}"]];
  let response;
  try {
    response = send({ method: "GET", url: `${settings().base_url}/${number}`, headers, body: null, timeoutMs: 5_000 });
  } catch (error) {
    log("warn", "The carrier did not answer", JSON.stringify({ failure: error.payload?.tag }));
    return "unreachable";
  }
  if (response.status === 404) return "unknown";
  return response.status === 200 ? jsonOf(response) : "unreachable";
}

function remind() {
  const asked = JSON.parse(state() ?? "{}").asked;
  return asked ? handled([say(text("Sigo acá. Escribime tu número de envío cuando quieras."))], keep()) : pass();
}

function passOn() {
  return handled([say(text("Te paso con una persona.")), cancelTimer(REMINDER), handOver("asked for a person")], forget());
}

function asksForPerson(said) {
  const words = said.toLowerCase();
  return ["persona", "asesor", "humano", "hablar con alguien"].some((word) => words.includes(word));
}

// Six to twenty letters and digits, one digit at least; spaces and hyphens are how people write them.
function shipmentNumber(said) {
  const number = said.replace(/[ -]/g, "").toUpperCase();
  return /^[A-Z0-9]{6,20}$/.test(number) && /[0-9]/.test(number) ? number : null;
}

function settings() {
  return JSON.parse(config());
}
