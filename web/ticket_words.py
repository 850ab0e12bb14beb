"""The words of a ticket: its codes in the reader's language. A code that nobody has written a word for stays itself, as
topics, teams and tags of a desk's own rulebook do."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

STATUS = {
    "new": _("New"),
    "open": _("Open"),
    "waiting": _("Waiting"),
    "resolved": _("Resolved"),
    "spam": _("Spam"),
}
PRIORITY = {"urgent": _("Urgent"), "high": _("High"), "normal": _("Normal"), "low": _("Low")}
TOPIC = {
    "account": _("User account"),
    "payment": _("Payment"),
    "refund": _("Refund"),
    "security": _("Security"),
    "usage": _("Usage"),
    "international": _("International"),
    "feedback": _("Feedback"),
    "other": _("Other"),
}
TEAM = {
    "triage": _("Triage"),
    "accounts": _("Accounts team"),
    "payments": _("Payments"),
    "refunds": _("Refunds"),
    "security": _("Security"),
    "care": _("Customer care"),
}
LANGUAGE = {
    "zh-Hans": _("Simplified Chinese"),
    "zh-Hant": _("Traditional Chinese"),
    "en": _("English"),
    "id": _("Indonesian"),
}
DOOR = {"email": _("by email")}
OUTCOME = {
    "fired": _("Fired"),
    "shadow": _("Shadow"),
    "off": _("Off"),
    "missed": _("Missed"),
    "not reached": _("Not reached"),
}
CLOCK = {
    "running": _("Running"),
    "breached": _("Overdue"),
    "met": _("Kept in time"),
    "late": _("Answered late"),
    "cancelled": _("Cancelled"),
}
SENDING = {
    "queued": _("Waiting to be sent"),
    "sending": _("Being sent"),
    "sent": _("Sent"),
    "failed": _("Not sent"),
    "unknown": _("Nobody can tell whether it arrived"),
}
DELIVERY = {
    "bounced": _("Came back: the customer has not got it"),
    "delayed": _("Delayed: the other side is still trying"),
    "complaint": _("The customer reported it as spam"),
    "delivered": _("Delivered, says the other side"),
    "read": _("Opened, says the other side"),
}
NOTICE = {
    "charset_guessed": _("The mail does not say how its letters are written; they are guessed."),
    "text-garbled": _("Some letters were garbled before the mail reached us."),
    "headers-cut": _("Its header was too long and is shown in part."),
    "parts-too-deep": _("It is nested too deeply; the innermost parts are not shown."),
    "too-many-parts": _("It has too many parts; the last ones are not shown."),
    "html-too-large": _("Its formatted version is too large; the text is shown instead."),
    "on-behalf": _("Somebody else sent it on behalf of the writer."),
    "no-sender-address": _("It names no address that could be answered."),
    "mail-cut": _("It was too large to fetch whole; the rest is in the mailbox."),
    "encrypted": _("It is encrypted; the desk cannot read it."),
}
SILENCE = {
    "machine": _("A machine wrote it."),
    "archive": _("It is older than the connection to this mailbox."),
    "not_first": _("It is not the first message of the ticket."),
    "no_reply_chosen": _("No rule chose an acknowledgement."),
    "no_clock": _("No promise runs, so there is no time to name."),
    "own_sender": _("It comes from one of our own addresses."),
    "suppressed": _("Mail to this address came back for good."),
    "sender_invalid": _("There is no address that an answer could reach."),
    "sender_unverified": _("The mail server says that the sender is forged."),
    "address_15_minutes": _("This address got an acknowledgement less than 15 minutes before."),
    "address_day": _("This address had got five acknowledgements within a day."),
    "domain_hour": _("This domain had got fifty acknowledgements within an hour."),
    "account_5_minutes": _("This account had sent two hundred acknowledgements within five minutes."),
    "same_body": _("The same text had come from this address within the hour."),
}
DAY = {
    "weekend": _("weekend"),
    "holiday": _("holiday"),
    "make_up_day": _("make-up working day"),
    "closed_day": _("closed by the desk"),
    "extra_day": _("opened by the desk"),
    "always_open": _("around the clock"),
}
FACT = {
    "message": _("the message"),
    "subject": _("the subject"),
    "text": _("the text"),
    "channel": _("the channel"),
    "account": _("the account"),
    "language": _("the language"),
    "sender": _("the sender"),
    "sender_domain": _("the sender's domain"),
    "recipients": _("the recipients"),
    "customer_known": _("known customer"),
    "customer_open_tickets": _("open tickets of the customer"),
    "machine": _("signs of a machine"),
    "attachment_count": _("the number of attachments"),
    "attachment_types": _("the types of attachments"),
    "is_reply": _("written as an answer"),
    "is_first": _("first message"),
    "message_count": _("the number of messages"),
    "status": _("the status"),
    "priority": _("the priority"),
    "topic": _("the topic"),
    "team": _("the team"),
    "tags": _("the tags"),
    "verified": _("verified sender"),
    "business_hours": _("within business hours"),
    "acknowledge": _("the acknowledgement"),
    "clock": _("the promise"),
}
OPERATOR = {
    "contains_any": _("has any of"),
    "contains_all": _("has all of"),
    "contains_none": _("has none of"),
    "starts": _("starts with"),
    "ends": _("ends with"),
    "equals": _("is"),
    "in": _("is one of"),
    "matches": _("matches"),
    "at_least": _("is at least"),
    "at_most": _("is at most"),
    "more_than": _("is more than"),
    "less_than": _("is less than"),
    "between": _("is between"),
    "is_set": _("is set"),
}

_KINDS: dict[str, Mapping[str, LazyString]] = {
    "status": STATUS,
    "priority": PRIORITY,
    "topic": TOPIC,
    "team": TEAM,
    "language": LANGUAGE,
    "door": DOOR,
    "outcome": OUTCOME,
    "clock": CLOCK,
    "sending": SENDING,
    "delivery": DELIVERY,
    "notice": NOTICE,
    "silence": SILENCE,
    "day": DAY,
    "fact": FACT,
    "operator": OPERATOR,
}


def term(kind: str, code: object) -> str:
    """The word for `code`, or the code as it is written."""
    return str(_KINDS.get(kind, {}).get(str(code), code or ""))
