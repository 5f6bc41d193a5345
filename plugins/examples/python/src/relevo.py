"""Short ways to write what a flow says and does. Yours to change: the host knows only the values."""

import functools
import json
import traceback

from componentize_py_types import Err
from wit_world.exports.flow import Outcome, StateChange_Clear, StateChange_Keep, StateChange_Set
from wit_world.imports import actions, system
from wit_world.imports.events import Content_Choice, Content_Text
from wit_world.imports.types import Failure_Other, Named


def explained(handle):
    """Around `handle`: what is raised by mistake goes to the plugin's log with the line where it happened, and not only ends the call."""

    @functools.wraps(handle)
    def told(self, ids, event):
        try:
            return handle(self, ids, event)
        except Err:
            raise
        except Exception as error:
            # Not format_exc: it looks for the source's text in files, of which there are none here.
            stack = [f"{frame.f_code.co_name}, line {line}" for frame, line in traceback.walk_tb(error.__traceback__)]
            system.log(system.Level.ERROR, repr(error), json.dumps({"stack": stack}))
            raise Err(Failure_Other(Named(type(error).__name__, json.dumps(str(error))))) from error

    return told


def words_of(message):
    """What the customer wrote, or the title of what they chose; None for a photo and the like."""
    match message.content:
        case Content_Text(value=words):
            return words
        case Content_Choice(value=choice):
            return choice.title
        case _:
            return None


def text(body):
    return actions.Speech_Text(body)


def buttons(body, offered):
    """`offered` holds pairs of id and title."""
    return actions.Speech_Buttons(actions.Buttons(body, None, [actions.Button(id, title) for id, title in offered]))


def listing(body, button, rows):
    """`rows` holds pairs of id and title; `button` opens the list."""
    section = actions.Section("", [actions.Row(id, title, None) for id, title in rows])
    return actions.Speech_Listing(actions.Listing(body, button, [section]))


def say(content, evidence=()):
    return actions.Action_Say(actions.Said(content, None, list(evidence), None, None))


def hand_over(reason):
    return actions.Action_HandOver(actions.HandOver(reason, None, None))


def schedule(name, at_ms):
    return actions.Action_Schedule(actions.Timer(name, at_ms, "null", True))


def cancel_timer(name):
    return actions.Action_CancelTimer(name)


def keep():
    return StateChange_Keep()


def forget():
    return StateChange_Clear()


def remember(state):
    return StateChange_Set(json.dumps(state))


def handled(acts, state=None):
    return Outcome(True, acts, state or keep())


def passed():
    """Leaves the event to the next flow of the service point."""
    return Outcome(False, [], keep())
