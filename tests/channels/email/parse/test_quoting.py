"""Q1-Q6: what is new stays, what was quoted goes, and doubt leaves the text as it is."""

# ruff: noqa: E501 - a mail is one string, and a table of mails stays a table

from __future__ import annotations

import pytest

from channels.email.quoting import new_text

CHINESE = [
    "Ana <ana@example.org> 于2023年1月2日周一 15:04写道：\n\n> 原文",
    "Ana <ana@example.org> 於 2023年1月2日 週一 下午3:04寫道：\n\n> 原文",
    "在 2014年1月2日 下午3:04，Ana <ana@example.org>写道：\n\n> 原文",
    '------------------ 原始邮件 ------------------\n发件人: "Ana" <ana@example.org>;\n发送时间: 2023年1月2日(星期一) 下午3:04\n收件人: "支持" <support@example.com>;\n主题: 无法登录\n\n原文',
    '------------------\xa0Original\xa0------------------\nFrom: "Ana" <ana@example.org>;\nDate: Mon, Jan 2, 2023 03:04 PM\nTo: "support" <support@example.com>;\nSubject: x\n\n原文',
    '---原始邮件---\n发件人: "Ana"<ana@example.org>\n发送时间: 2023年1月2日 15:04\n\n原文',
    '在 2023-01-02 15:04:05，"Ana" <ana@example.org> 写道：\n原文',
    'At 2023-01-02 15:04:05, "Ana" <ana@example.org> wrote:\n原文',
    "---- 回复的原邮件 ----\n发件人 Ana <ana@example.org>\n日期 2023年1月2日\n收件人 support@example.com\n主题 无法登录\n原文",
    " 发件人： Ana\n发送时间： 2023-01-02 15:04\n收件人： support\n抄送： boss\n主题： 无法登录\n原文",
    "发件人: Ana <ana@example.org>\n发送时间: 2023年1月2日 15:04\n收件人: 支持\n主题: 无法登录\n\n原文",
    "寄件者: Ana <ana@example.org>\n寄件日期: 2023年1月2日 15:04\n收件者: 支援\n副本: 主管\n主旨: 無法登入\n\n原文",
    "-----邮件原件-----\n发件人: Ana [mailto:ana@example.org]\n发送时间: 2023年1月2日 15:04\n收件人: 支持\n主题: x\n\n原文",
    "-----原始郵件-----\n寄件者: Ana\n寄件日期: 2023年1月2日 15:04\n收件者: 支援\n主旨: x\n\n原文",
    "> 在 2016年12月12日，下午8:45，Ana <ana@example.org> 写道：\n> \n> 原文",
    "Ana <ana@example.org> 於 2016年12月12日 下午8:45 寫道：\n\n> 原文",
    "-----原始邮件-----\n发件人: Ana <ana@example.org>\n发送时间: 2023-01-02 15:04:05 (星期一)\n收件人: support@example.com\n主题: x\n原文",
    "----- 原始邮件 -----\n发件人：Ana <ana@example.org>\n收件人：support@example.com\n主　题：x\n日期：2023年1月2日\n原文",
    "------------------------------------------------------------------\n发件人：Ana <ana@example.org>\n发送时间：2023年1月2日(星期一) 15:04\n收件人：支持 <support@example.com>\n主　题：x\n\n原文",
]
OTHERS = [
    "On Mon, Jan 2, 2023 at 3:04 PM Ana Ruiz <ana@example.org> wrote:\n\n> old",
    "On Mon, Jan 2, 2023 at 3:04 PM Ana Ruiz\n<ana@example.org> wrote:\n\n> old",
    "On Mon, Jan 2, 2023 at 3:04 PM\nAna Ruiz with a long name\n<ana@example.org>\nwrote:\n\n> old",
    "-----Original Message-----\nFrom: Ana\nSent: Monday, January 2, 2023 3:04 PM\nTo: Support\nSubject: x\n\nold",
    "________________________________\nFrom: Ana <ana@example.org>\nSent: Monday, January 2, 2023 3:04 PM\nTo: Support <support@example.com>\nSubject: x\n\nold",
    "*From:* Ana <ana@example.org>\n*Sent:* Monday, January 2, 2023 3:04 PM\n*To:* Support\n*Subject:* x\n\nold",
    "Am 02.01.2023 um 15:04 schrieb Ana Ruiz:\n> alt",
    "Am Mo., 2. Jan. 2023 um 15:04 Uhr schrieb Ana <ana@example.org>:\n\n> alt",
    "-----Ursprüngliche Nachricht-----\nVon: Ana\nGesendet: Montag, 2. Januar 2023 15:04\nAn: Support\nBetreff: x\n\nalt",
    "Le lun. 2 janv. 2023 à 15:04, Ana <ana@example.org> a écrit :\n\n> vieux",
    "De : Ana <ana@example.org>\nEnvoyé : lundi 2 janvier 2023 15:04\nÀ : Support\nObjet : x\n\nvieux",
    "El lun, 2 ene 2023 a las 15:04, Ana (<ana@example.org>) escribió:\n\n> viejo",
    "De: Ana\nEnviado el: lunes, 2 de enero de 2023 15:04\nPara: Support\nAsunto: x\n\nviejo",
    "Il giorno lun 2 gen 2023 alle ore 15:04 Ana <ana@example.org> ha scritto:\n\n> vecchio",
    "Da: Ana\nInviato: lunedì 2 gennaio 2023 15:04\nA: Support\nOggetto: x\n\nvecchio",
    "Em seg., 2 de jan. de 2023 às 15:04, Ana <ana@example.org> escreveu:\n\n> velho",
    "Op ma 2 jan. 2023 om 15:04 schreef Ana <ana@example.org>:\n\n> oud",
    "Van: Ana\nVerzonden: maandag 2 januari 2023 15:04\nAan: Support\nOnderwerp: x\n\noud",
    "pon., 2 sty 2023 o 15:04 Ana <ana@example.org> napisał(a):\n\n> stare",
    "W dniu 02.01.2023 o 15:04, Ana pisze:\n> stare",
    "po 2. 1. 2023 v 15:04 odesílatel Ana <ana@example.org> napsal:\n\n> staré",
    "po 2. 1. 2023 o 15:04 Ana <ana@example.org> napísal(a):\n\n> staré",
    "Den mån 2 jan. 2023 kl 15:04 skrev Ana <ana@example.org>:\n\n> gammalt",
    "Den man. 2. jan. 2023 kl. 15.04 skrev Ana <ana@example.org>:\n\n> gammelt",
    "Fra: Ana\nSendt: mandag 2. januar 2023 15:04\nTil: Support\nEmne: x\n\ngammelt",
    "ma 2. tammik. 2023 klo 15.04 Ana (ana@example.org) kirjoitti:\n\n> vanha",
    "пн, 2 янв. 2023 г. в 15:04, Ana <ana@example.org>:\n\n> старое",
    "02.01.2023, 15:04, \"Ana\" <ana@example.org> написал:\n> старое",
    "От: Ana\nОтправлено: понедельник, 2 января 2023 г. 15:04\nКому: Support\nТема: x\n\nстарое",
    "пн, 2 січ. 2023 р. о 15:04 Ana <ana@example.org> пише:\n\n> старе",
    "Στις Δευ 2 Ιαν 2023 στις 3:04 μ.μ., ο χρήστης Ana <ana@example.org> έγραψε:\n\n> παλιό",
    "Ana <ana@example.org>, 2 Oca 2023 Pzt, 15:04 tarihinde şunu yazdı:\n\n> eski",
    "2023年1月2日(月) 15:04 Ana <ana@example.org>:\n\n> 古い",
    "-----元のメッセージ-----\n差出人: Ana\n送信日時: 2023年1月2日 15:04\n宛先: Support\n件名: x\n\n古い",
    "2023년 1월 2일 (월) 오후 3:04, Ana <ana@example.org>님이 작성:\n\n> 옛",
    "Pada Sen, 2 Jan 2023 pukul 15.04 Ana <ana@example.org> menulis:\n\n> lama",
    "Dari: Ana\nDikirim: Senin, 02 Januari 2023 15:04\nKepada: Support\nSubjek: x\n\nlama",
    "-------- Pesan Asli --------\nDari: Ana\nTanggal: 2/1/2023\n\nlama",
]  # fmt: skip


@pytest.mark.parametrize("quote", CHINESE + OTHERS)
def test_the_quote_of_every_known_client_is_cut(quote: str) -> None:
    assert new_text(f"新的话。\n\nNew words.\n\n{quote}\n", answer=True) == "新的话。\n\nNew words."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote:\n\n1. one\n2. two",
        "From: Berlin\nwe took the train. To be honest it was late.",
        "I told them the following:\nplease refund me.",
        "My order from 2023:\n- a phone",
        "收件人：张三\n地址：北京",
        "He said:\nno",
    ],
)
def test_prose_that_looks_like_an_attribution_is_kept(text: str) -> None:
    assert new_text(text, answer=True) == text


def test_a_mail_that_is_all_quote_is_kept_whole() -> None:
    text = "On Mon, Jan 2, 2023 at 3:04 PM Ana <ana@example.org> wrote:\n> only this"
    assert "only this" in new_text(text, answer=True)


def test_answers_between_the_lines_keep_the_lines_they_answer() -> None:
    text = "On 2 Jan 2023 15:04, Ana <ana@example.org> wrote:\n> first?\n\nYes.\n\n> second?\n\nNo.\n\n> bye"
    assert new_text(text, answer=True) == "Yes.\n\n> second?\n\nNo."


def test_an_answer_between_the_lines_under_a_greeting_keeps_the_quotes() -> None:
    text = "Hi,\n\nOn 2 Jan 2023 15:04, Ana <ana@example.org> wrote:\n> first?\n\nYes.\n\n> second?\n\nNo.\n"
    new = new_text(text, answer=True)
    assert new.startswith("Hi,")
    assert "> second?\n\nNo." in new


def test_an_answer_below_the_quote_loses_only_the_quote() -> None:
    text = "On 2 Jan 2023 15:04, Ana <ana@example.org> wrote:\n> old\n> older\n\nMy answer."
    assert new_text(text, answer=True) == "My answer."


def test_lines_behind_marks_at_the_end_go_without_an_attribution() -> None:
    assert new_text("Yes.\n\n> old\n> older", answer=True) == "Yes."


def test_a_mail_that_is_no_answer_keeps_what_it_quotes() -> None:
    text = "See what they sent:\n\n> a strange offer"
    assert new_text(text, answer=False) == text


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAna Ruiz\nSales", "--\nAna", "Sent from my iPhone", "Get Outlook for iOS", "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone", "Enviado desde mi iPhone", "Inviato da iPhone", "发自我的iPhone", "從我的 iPhone 傳送",
        "发自网易邮箱大师", "iPhoneから送信", "Dikirim dari Yahoo Mail", "Kind regards,\nAna", "Mit freundlichen Grüßen\nAna Ruiz\nFirma",
        "Cordialement,\nAna", "此致\n敬礼\n张三", "Terima kasih,\nBudi", "Met vriendelijke groet,\nAna", "С уважением,\nАна", "-Ana",
    ],
)  # fmt: skip
def test_a_signature_is_cut(signature: str) -> None:
    assert new_text(f"The words that count.\n\n{signature}\n", answer=False) == "The words that count."


def test_a_signature_is_no_reason_to_cut_everything() -> None:
    assert new_text("Kind regards,\nAna", answer=False)
    assert new_text("Sent from my iPhone", answer=True)


def test_thanks_at_the_end_are_words() -> None:
    assert new_text("Please send it again.\n\nThanks", answer=True) == "Please send it again.\n\nThanks"


def test_the_line_to_write_above_is_where_the_answer_ends() -> None:
    assert new_text("Yes\n\n##- Please type your reply above this line -##\nold", answer=True) == "Yes"


def test_a_long_thread_is_cut_at_the_first_quote() -> None:
    text = "new\n\nOn 3 Jan 2023 15:04, B <b@example.org> wrote:\n> x\n>\n> On 2 Jan 2023 15:04, A <a@example.org> wrote:\n>> y"
    assert new_text(text, answer=True) == "new"
