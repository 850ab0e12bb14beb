"""How mail programs write an answer: the new words, and the mail that is answered below them. Pure.

The forms are those that docs/channels.md lists for folding quoted text; each program has its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from html import escape

ZH_DAYS = "一二三四五六日"
EN_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EN_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ID_DAYS = ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min")
ID_MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")


@dataclass(frozen=True, slots=True)
class Quoted:
    """The mail that is answered. `at` is on the clock of whoever answers."""

    name: str
    address: str
    to: str
    subject: str
    text: str
    at: datetime

    @property
    def html(self) -> str:
        return paragraphs(self.text)


@dataclass(frozen=True, slots=True)
class Written:
    text: str
    html: str = ""


def write(client: str, new: str, quoted: Quoted) -> Written:
    """`new` as `client` sends it. A program that is not known sends the bare words."""
    return CLIENTS[client](new, quoted) if client in CLIENTS else Written(new)


def paragraphs(text: str) -> str:
    return "<br>\n".join(escape(line) for line in text.split("\n"))


def _behind(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _header_block(quoted: Quoted, names: tuple[str, str, str, str], colon: str, when: str, end: str = "") -> str:
    values = (f"{quoted.name} <{quoted.address}>", when, quoted.to, quoted.subject)
    return "\n".join(f"{name}{colon}{value}{end}" for name, value in zip(names, values, strict=True))


def _qq(new: str, quoted: Quoted) -> Written:
    at = quoted.at
    when = f"{at.year}年{at.month}月{at.day}日(星期{ZH_DAYS[at.weekday()]}) {at:%H:%M}"
    block = _header_block(quoted, ("发件人", "发送时间", "收件人", "主题"), ": ", when, ";")
    line = "------------------ 原始邮件 ------------------"
    shaded = f'<div style="font-size: 12px;background:#efefef;padding:8px;">{paragraphs(block)}</div>'
    html = (
        f"<div>{paragraphs(new)}</div><div><br></div>"
        '<div><includetail><div style="font:Verdana normal 14px;color:#000;"><div style="position:relative;">'
        f'<div style="font-size: 12px;padding:2px 0 2px 0;">{line.replace(" ", "&nbsp;")}</div>'
        f"{shaded}<div><br></div>{quoted.html}</div></div></includetail></div>"
    )
    return Written(f"{new}\n\n\n{line}\n{block}\n\n\n{quoted.text}", html)


def _netease(new: str, quoted: Quoted) -> Written:
    line = f'在 {quoted.at:%Y-%m-%d %H:%M:%S}，"{quoted.name}" <{quoted.address}> 写道：'
    html = (
        f'<div style="line-height:1.7;color:#000000;font-size:14px;font-family:Arial"><p>{paragraphs(new)}</p>'
        f'<p><br></p><p>{escape(line)}</p><blockquote id="isReplyContent" style="PADDING-LEFT: 1ex; MARGIN: 0px 0px 0px '
        f'0.8ex; BORDER-LEFT: #ccc 1px solid">{quoted.html}</blockquote></div>'
    )
    return Written(f"{new}\n\n\n\n\n{line}\n{_behind(quoted.text)}", html)


def _foxmail(new: str, quoted: Quoted) -> Written:
    when = f"{quoted.at:%Y-%m-%d %H:%M}"
    block = _header_block(quoted, (" 发件人", " 发送时间", " 收件人", " 主题"), "：", when)
    html = (
        f'<div>{paragraphs(new)}</div><div><br></div><hr style="width: 210px; height: 1px;" color="#b5c4df" size="1" '
        'align="left"><blockquote style="margin-Top: 0px; margin-Left: 0.5em"><div style="border:none;border-top:solid '
        f'#B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm">{paragraphs(block)}</div><div>{quoted.html}</div></blockquote>'
    )
    return Written(f"{new}\n\n\n\n{block}\n\n{quoted.text}", html)


def _mail_master(new: str, quoted: Quoted) -> Written:
    when = f"{quoted.at:%Y年%m月%d日 %H:%M}"
    rows = (
        ("发件人", f"{quoted.name}<{quoted.address}>"),
        ("日期", when),
        ("收件人", quoted.to),
        ("主题", quoted.subject),
    )
    table = "".join(f"<tr><td>{name}</td><td>{escape(value)}</td></tr>" for name, value in rows)
    plain = "\n".join(f"| {name} | {value} |" for name, value in rows)
    line = "---- 回复的原邮件 ----"
    html = (
        f"<div>{paragraphs(new)}</div><div><br></div><div>发自网易邮箱大师</div>"
        f'<div class="ntes-mailmaster-quote"><div>{line}</div><table>{table}</table><div>{quoted.html}</div></div>'
    )
    return Written(f"{new}\n\n发自网易邮箱大师\n\n{line}\n{plain}\n{quoted.text}", html)


def _outlook(
    names: tuple[str, str, str, str], long_date: Callable[[datetime], str]
) -> Callable[[str, Quoted], Written]:
    def write_it(new: str, quoted: Quoted) -> Written:
        block = _header_block(quoted, names, ": ", long_date(quoted.at))
        html = (
            f'<div class="WordSection1"><p class="MsoNormal">{paragraphs(new)}</p><div><div style="border:none;'
            'border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal">'
            f'{paragraphs(block)}</p></div></div><p class="MsoNormal">{quoted.html}</p></div>'
        )
        return Written(f"{new}\n\n{block}\n\n{quoted.text}", html)

    return write_it


def _gmail(attribution: Callable[[Quoted], str]) -> Callable[[str, Quoted], Written]:
    def write_it(new: str, quoted: Quoted) -> Written:
        line = attribution(quoted)
        html = (
            f'<div dir="ltr">{paragraphs(new)}</div><br><div class="gmail_quote gmail_quote_container">'
            f'<div dir="ltr" class="gmail_attr">{escape(line)}<br></div><blockquote class="gmail_quote" '
            'style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">'
            f"{quoted.html}</blockquote></div>"
        )
        return Written(f"{new}\n\n{line}\n\n{_behind(quoted.text)}", html)

    return write_it


def _apple(attribution: Callable[[Quoted], str], signature: str) -> Callable[[str, Quoted], Written]:
    def write_it(new: str, quoted: Quoted) -> Written:
        line = f"> {attribution(quoted)}"
        return Written(f"{new}\n\n{signature}\n\n{line}\n> \n{_behind(quoted.text)}")

    return write_it


def _half_day(at: datetime) -> str:
    return f"{'上午' if at.hour < 12 else '下午'}{at.hour % 12 or 12}:{at:%M}"


def _who(quoted: Quoted) -> str:
    return f"{quoted.name} <{quoted.address}>"


def _zh_long(at: datetime) -> str:
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def _en_long(at: datetime) -> str:
    return f"{at.day} {EN_MONTHS[at.month - 1]} {at.year} {at:%H:%M}"


def _gmail_zh(quoted: Quoted) -> str:
    at = quoted.at
    return f"{_who(quoted)} 于{at.year}年{at.month}月{at.day}日周{ZH_DAYS[at.weekday()]} {at:%H:%M}写道："


def _gmail_tw(quoted: Quoted) -> str:
    at = quoted.at
    day = f"{at.year}年{at.month}月{at.day}日 週{ZH_DAYS[at.weekday()]}"
    return f"{_who(quoted)} 於 {day} {_half_day(at)}寫道："


def _gmail_en(quoted: Quoted) -> str:
    at = quoted.at
    day = f"{EN_DAYS[at.weekday()]}, {EN_MONTHS[at.month - 1]} {at.day}, {at.year}"
    return f"On {day} at {at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'} {_who(quoted)} wrote:"


def _gmail_id(quoted: Quoted) -> str:
    at = quoted.at
    day = f"{ID_DAYS[at.weekday()]}, {at.day} {ID_MONTHS[at.month - 1]} {at.year}"
    return f"Pada tanggal {day} pukul {at:%H.%M} {_who(quoted)} menulis:"


def _apple_zh(quoted: Quoted) -> str:
    at = quoted.at
    return f"在 {at.year}年{at.month}月{at.day}日，{_half_day(at)}，{_who(quoted)} 写道："


def _apple_en(quoted: Quoted) -> str:
    at = quoted.at
    return f"On {at.day} {EN_MONTHS[at.month - 1]} {at.year}, at {at:%H:%M}, {_who(quoted)} wrote:"


CLIENTS: dict[str, Callable[[str, Quoted], Written]] = {
    "qq": _qq,
    "163": _netease,
    "foxmail": _foxmail,
    "mailmaster": _mail_master,
    "outlook-zh": _outlook(("发件人", "发送时间", "收件人", "主题"), _zh_long),
    "outlook-tw": _outlook(("寄件者", "寄件日期", "收件者", "主旨"), _zh_long),
    "outlook": _outlook(("From", "Sent", "To", "Subject"), _en_long),
    "gmail-zh": _gmail(_gmail_zh),
    "gmail-tw": _gmail(_gmail_tw),
    "gmail": _gmail(_gmail_en),
    "gmail-id": _gmail(_gmail_id),
    "apple-zh": _apple(_apple_zh, "发自我的iPhone"),
    "apple": _apple(_apple_en, "Sent from my iPhone"),
}
