"""Tells customers where their shipment is: asks for its number, looks it up, and hands over to a person who is asked for."""

import json
import re

from componentize_py_types import Err
from relevo import buttons, cancel_timer, explained, forget, hand_over, handled, keep, passed, remember, say, schedule, text, words_of
from wit_world import exports
from wit_world.exports.configuration import Problem
from wit_world.imports import http, kv, system, turn
from wit_world.imports.actions import Evidence
from wit_world.imports.events import Event_Messages, Event_Timer

CARRIER = "https://api.example.com/"
CUSTOMER = kv.Scope_Customer()
REMINDER = "reminder"
STATES = {"pending": "en preparación", "in-transit": "en camino", "delivered": "entregado"}


class Flow(exports.Flow):
    @explained
    def handle(self, ids, event):
        match event:
            case Event_Timer():
                return remind()
            case Event_Messages(value=messages):
                said = [words for words in map(words_of, messages) if words is not None]
                return answer(said[-1] if said else "")
            case _:
                return passed()


class Configuration(exports.Configuration):
    """What is wrong with a configuration beyond what its schema says; nothing is in reach here."""

    def check(self, config):
        if json.loads(config)["base_url"].startswith(CARRIER):
            return []
        return [Problem("/base_url", f"Tiene que empezar con {CARRIER}: a otro lugar no puedo llamar.")]


def answer(said):
    if asks_for_person(said):
        return pass_on()
    number = shipment_number(said)
    return ask() if number is None else look_up(number)


def ask():
    config = settings()
    last = kv.get(CUSTOMER, "last")
    asked = buttons(config["question"], [("last", json.loads(last.value))]) if last else text(config["question"])
    actions = [say(asked)]
    if config["reminder_minutes"] > 0:
        actions.append(schedule(REMINDER, turn.now_ms() + config["reminder_minutes"] * 60_000))
    return handled(actions, remember({"asked": True}))


def look_up(number):
    found = shipment(number)
    if found == "unreachable":
        return handled([say(text("Ahora no puedo consultar los envíos. Probá otra vez en unos minutos."))], keep())
    if found == "unknown":
        body = f"No encuentro el envío {number}. Revisá el número y escribilo otra vez."
        return handled([say(buttons(body, [("person", "Hablar con alguien")]))], remember({"asked": True}))
    kv.put(CUSTOMER, "last", json.dumps(number), None, None)
    place = f" Último lugar: {found['place']}." if found.get("place") else ""
    evidence = Evidence("shipment", number, f"Envío {number}")
    told = say(text(f"Tu envío {number} está {STATES.get(found['state'], found['state'])}.{place}"), [evidence])
    return handled([told, cancel_timer(REMINDER)], forget())


def shipment(number):
    """What the carrier knows of it. A function of the host raises Err with the failure, such as Failure_TimedOut."""
    headers = [("authorization", "Bearer {{secret:API_KEY}}")]
    try:
        response = http.send(http.Request("GET", f"{settings()['base_url']}/{number}", headers, None, 5_000))
    except Err as error:
        system.log(system.Level.WARN, "The carrier did not answer", json.dumps({"failure": type(error.value).__name__}))
        return "unreachable"
    if response.status == 404:
        return "unknown"
    return json.loads(response.body) if response.status == 200 else "unreachable"


def remind():
    asked = json.loads(turn.state() or "{}").get("asked")
    return handled([say(text("Sigo acá. Escribime tu número de envío cuando quieras."))], keep()) if asked else passed()


def pass_on():
    return handled([say(text("Te paso con una persona.")), cancel_timer(REMINDER), hand_over("asked for a person")], forget())


def asks_for_person(said):
    words = said.lower()
    return any(word in words for word in ["persona", "asesor", "humano", "hablar con alguien"])


def shipment_number(said):
    """Six to twenty letters and digits, one digit at least; spaces and hyphens are how people write them."""
    number = re.sub("[ -]", "", said).upper()
    return number if re.fullmatch("[A-Z0-9]{6,20}", number) and re.search("[0-9]", number) else None


def settings():
    return json.loads(turn.config())
