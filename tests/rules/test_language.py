import pytest

from rules.topics.language import detect

SENTENCES = [
    ("zh-Hans", "我的 GoPay top up 失败了 pls help"),
    ("zh-Hans", "钱已经扣了但是没有到账"),
    ("zh-Hans", "退款什么时候能到"),
    ("zh-Hans", "登录不了，一直提示密码错误"),
    ("zh-Hans", "您好，我想问一下怎么绑定银行卡？"),
    ("zh-Hans", "转账转错人了怎么办"),
    ("zh-Hans", "充值50没到账 order 202511230001"),
    ("zh-Hans", "账号被盗了！！快帮我冻结"),
    ("zh-Hans", "请问去泰国可以用你们的钱包付款吗"),
    ("zh-Hans", "客服态度太差，我要投诉"),
    ("zh-Hans", "收不到验证码"),
    ("zh-Hans", "我要申请退款，订单号是１２３４５６７８"),
    ("zh-Hans", "app 打不开 error 502"),
    ("zh-Hans", "我的 account 被 locked 了，请帮忙"),
    ("zh-Hans", "为什么扣了我两次钱"),
    ("zh-Hans", "这个优惠券怎么用不了"),
    ("zh-Hans", "谢谢你们，问题解决了"),
    ("zh-Hans", "汇率按哪天的算"),
    ("zh-Hans", "我没有买过这个东西😡"),
    ("zh-Hans", "截图见附件 https://pic.example/help/the/and/is"),
    ("zh-Hant", "我的帳號登不進去"),
    ("zh-Hant", "錢轉出去了對方沒收到"),
    ("zh-Hant", "請問什麼時候可以退款"),
    ("zh-Hant", "儲值失敗，但信用卡已經扣款"),
    ("zh-Hant", "收不到驗證碼，怎麼辦？"),
    ("zh-Hant", "我要投訴，客服都沒有回覆"),
    ("zh-Hant", "這筆交易不是我操作的"),
    ("zh-Hant", "去日本可以用嗎？匯率怎麼算"),
    ("zh-Hant", "如何綁定銀行卡"),
    ("zh-Hant", "付款頁面一直轉圈圈"),
    ("zh-Hant", "謝謝您的幫忙，已經解決了"),
    ("zh-Hant", "訂單編號 A1234567 想要退貨"),
    ("zh-Hant", "我的手機不見了，請幫我凍結帳戶"),
    ("zh-Hant", "為什麼餘額少了"),
    ("zh-Hant", "top up 失敗了 pls check 謝謝"),
    ("zh-Hant", "優惠券過期了還能用嗎"),
    ("zh-Hant", "實名認證沒有通過"),
    ("zh-Hant", "點了簡訊裡的連結，很擔心"),
    ("zh-Hant", "建議增加夜間模式"),
    ("zh-Hant", "轉錯帳號了"),
    ("en", "My top up failed but the money is gone"),
    ("en", "I want a refund"),
    ("en", "how do i link my bank card"),
    ("en", "cant login since yesterday"),
    ("en", "Someone hacked my account!!"),
    ("en", "Hi, I paid twice for the same order, please return one payment."),
    ("en", "Does it work in Singapore?"),
    ("en", "What is the exchange rate for USD today"),
    ("en", "still waiting for my money"),
    ("en", "The app keeps crashing when I scan QR"),
    ("en", "transfer to wrong person, help"),
    ("en", "Your service is terrible, nobody answers"),
    ("en", "I paid to 星巴克 yesterday and it was charged twice, please refund"),
    ("en", "OTP not received"),
    ("en", "please close my account"),
    ("en", "Great app, love the new design"),
    ("en", "Payment declined at checkout"),
    ("en", "Can't verify my passport"),
    ("en", "where can I see my cashback"),
    ("en", "GoPay payment is pending for 3 days now"),
    ("id", "saldo saya ga masuk min"),
    ("id", "top up gagal tapi saldo kepotong"),
    ("id", "gmn cara refund nya kak"),
    ("id", "tf blm masuk dr kemarin"),
    ("id", "Akun saya tidak bisa login"),
    ("id", "tolong dibantu min, udah 3 hari"),
    ("id", "Selamat pagi, saya mau tanya biaya admin"),
    ("id", "uang sudah terpotong namun pesanan belum diproses"),
    ("id", "kenapa qris saya error terus ya"),
    ("id", "akun sy di hack org"),
    ("id", "gk bisa bayar"),
    ("id", "knp blm masuk jg"),
    ("id", "pembayaran gagal terus"),
    ("id", "Mohon pengembalian dana untuk transaksi ini"),
    ("id", "apakah bisa dipakai di luar negeri"),
    ("id", "lupa kata sandi"),
    ("id", "kecewa banget sama pelayanannya"),
    ("id", "Salah transfer ke nomor orang lain"),
    ("id", "makasih kak sudah masuk"),
    ("id", "udah dicoba berkali2 tetep ga bisa"),
    ("id", "akaun saya kena sekat, tolong semak"),
    ("id", "duit tak masuk lagi, macam mana ni"),
    ("id", "Bayaran saya gagal, wang sudah ditolak"),
    ("id", "boleh tolong pulangkan duit saya"),
    ("id", "payment pending terus, gimana ini"),
    ("id", "Halo, saldo GoPay saya belum bertambah"),
]


@pytest.mark.parametrize(("language", "text"), SENTENCES)
def test_the_language_of_a_support_sentence_is_told(language: str, text: str) -> None:
    assert detect(text, "id" if language == "en" else "en") == language


@pytest.mark.parametrize("text", ["", "ok", "12345678", "👍", "GoPay", "https://example.com/the/is/and", "a", "???"])
@pytest.mark.parametrize("last", ["zh-Hant", "id", "en"])
def test_a_text_that_tells_nothing_inherits_the_last_language(text: str, last: str) -> None:
    assert detect(text, last) == last


def test_characters_of_both_scripts_inherit_the_last_script() -> None:
    assert detect("付款未到", "zh-Hant") == "zh-Hant"
    assert detect("付款未到", "zh-Hans") == "zh-Hans"
    assert detect("付款未到", "en") == "zh-Hans"


def test_japanese_is_not_taken_for_chinese() -> None:
    assert detect("支払いができませんでした", "en") == "en"
