"""Stable codes of the desk in words of the page. One way to say a thing: pages take their words from here."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

_WORDS: dict[str, dict[str, LazyString]] = {
    "view": {
        "open": _("All open"),
        "mine": _("Mine"),
        "unassigned": _("Unassigned"),
        "due": _("By due time"),
        "priority": _("Urgent and high"),
        "waiting": _("Waiting"),
        "resolved": _("Resolved"),
        "spam": _("Spam"),
        "machine": _("Machine mail"),
    },
    "role": {"agent": _("Agent"), "manager": _("Manager")},
    "theme": {"": _("As the system"), "light": _("Light"), "dark": _("Dark")},
    "quarantine": {
        "unreadable": _("Cannot be read"),
        "too_slow": _("Takes too long to read"),
        "too_large": _("Takes too much memory to read"),
        "reader_failed": _("The reader failed"),
        "poison": _("Stopped the reader three times"),
        "no_account": _("Its account is gone"),
        "lost": _("Its source is missing"),
        "not_fetched": _("Could not be fetched"),
        "not_stored": _("Could not be stored"),
        "own_mail": _("From one of our own addresses"),
        "spam": _("Marked as spam by the mail server"),
        "flood": _("Too many tickets from one sender"),
        "bounce": _("Delivery report about unknown mail"),
    },
    "quarantine_why": {
        "unreadable": _("Not even a sender or a text can be made out."),
        "too_slow": _("It was set aside so that the messages behind it need not wait."),
        "too_large": _("It was set aside so that it does not bring the desk down."),
        "reader_failed": _("A fault of ours. Its source is kept; try again after an update."),
        "poison": _("Each time the process that read it died or was stopped."),
        "no_account": _("The account is no longer set. Set it again, then try again."),
        "lost": _("The file store does not have it. Look for it in a backup."),
        "not_fetched": _("The mail server did not hand it over. Read it in the mailbox."),
        "not_stored": _("The database refused it. Its source is kept; try again after an update."),
        "own_mail": _("Answering it could start a loop of mails to ourselves."),
        "spam": _("Release it if it is not."),
        "flood": _("Release those that are real."),
        "bounce": _("It tells of a mail that this desk did not send."),
    },
    "refused": {
        "short": _("Use at least 8 characters."),
        "long": _("Use at most 256 characters."),
        "common": _("This password is among the first that are guessed. Choose another."),
        "about_you": _("This password is your name or address with little added. Choose another."),
        "wrong": _("This is not your present password."),
        "email_shape": _("This is no mail address. Write it as name@example.com."),
        "email_taken": _("This address is on the desk already. Make a new link for that person instead."),
        "role": _("Choose agent or manager."),
        "last_manager": _("The desk needs a manager. Make somebody else a manager first."),
    },
}


def word_of(kind: str, code: str) -> str:
    """The page's word for a code; the code itself where nobody has written one."""
    return str(_WORDS.get(kind, {}).get(code, code))
