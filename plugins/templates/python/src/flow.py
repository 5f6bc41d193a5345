"""Repeats what the customer writes, after a greeting."""

import json

from relevo import explained, handled, passed, say, text, words_of
from wit_world import exports
from wit_world.imports import turn
from wit_world.imports.events import Event_Messages


class Flow(exports.Flow):
    @explained
    def handle(self, ids, event):
        if not isinstance(event, Event_Messages):
            return passed()
        greeting = json.loads(turn.config())["greeting"]
        words = [said for said in map(words_of, event.value) if said is not None]
        return handled([say(text(f"{greeting} Escribiste: {' '.join(words)}"))])
