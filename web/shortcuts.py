"""The keyboard in one table: the help overlay shows it, and the script reads its keys from the overlay."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import LazyString
from flask_babel import lazy_gettext as _


class Shortcut(NamedTuple):
    """`keys` as the script compares them; several pressed one after another are separated by a space. Without an
    `action` the browser or the composer sees to it."""

    keys: str
    action: str
    words: LazyString

    @property
    def caps(self) -> list[str]:
        return [_CAPS.get(key, key) for part in self.keys.split(" ") for key in part.split("+")]


_CAPS = {"Enter": "↵", "Shift": "⇧", "Mod": "Ctrl"}

SHORTCUTS: tuple[tuple[LazyString, tuple[Shortcut, ...]], ...] = (
    (
        _("Move"),
        (
            Shortcut("j", "next", _("Next ticket")),
            Shortcut("k", "previous", _("Previous ticket")),
            Shortcut("o", "open", _("Open the ticket")),
            Shortcut("Enter", "open", _("Open the ticket")),
            Shortcut("Escape", "leave", _("Back to the list")),
            Shortcut("/", "filter", _("Filter the list")),
        ),
    ),
    (
        _("Answer"),
        (
            Shortcut("r", "reply", _("Reply")),
            Shortcut("n", "note", _("Write a note")),
            Shortcut("Mod+Enter", "", _("Send")),
            Shortcut("Mod+Shift+Enter", "", _("Send and resolve")),
        ),
    ),
    (
        _("Decide"),
        (
            Shortcut("e", "resolve", _("Resolve")),
            Shortcut("Shift+e", "resolve:next", _("Resolve and open the next")),
            Shortcut("a", "assign", _("Assign")),
            Shortcut("i", "mine", _("Assign to me")),
            Shortcut("l", "tag", _("Add a tag")),
            Shortcut("p", "priority", _("Set the priority")),
            Shortcut("w", "why", _("Why is it so")),
        ),
    ),
    (
        _("Go to"),
        (
            Shortcut("g o", "go:open", _("Open tickets")),
            Shortcut("g m", "go:mine", _("My tickets")),
            Shortcut("g u", "go:unassigned", _("Unassigned tickets")),
            Shortcut("g d", "go:due", _("Tickets due soon")),
            Shortcut("g p", "go:priority", _("Urgent and high tickets")),
            Shortcut("g w", "go:waiting", _("Waiting tickets")),
            Shortcut("g r", "go:resolved", _("Resolved tickets")),
            Shortcut("?", "help", _("This help")),
        ),
    ),
)


def page_words() -> dict[str, str]:
    """What the scripts say, in the reader's language."""
    return {name: str(words) for name, words in _SCRIPT.items()}


_SCRIPT: dict[str, LazyString] = {
    "d": _("d"),
    "h": _("h"),
    "m": _("m"),
    "due_in": _("Due in {span}"),
    "overdue_by": _("Overdue by {span}"),
    "promised_by": _("Promised by {when}"),
    "new_tickets": _("{count} new tickets"),
    "new_tickets_one": _("1 new ticket"),
    "not_loaded": _("This ticket could not be loaded. Try again in a moment."),
    "not_saved": _("That could not be saved. Your text is still here; try again in a moment."),
    "choose_first": _("Choose a ticket first."),
    "list_end": _("This is the last ticket."),
    "list_start": _("This is the first ticket."),
    "reply_queued": _("The reply is on its way."),
    "undone": _("Taken back."),
    "note_added": _("The note is added."),
    "words_marked": _("The words are marked in the message."),
    "words_not_shown": _("The words are not in the part of the message that is shown."),
}
