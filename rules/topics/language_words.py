"""Words that tell English from Indonesian and Malay, as customers spell them, and words that tell nothing."""

from __future__ import annotations

# Products, jargon and loan words that all three languages use.
NEUTRAL = frozenset(
    """
    gopay ovo dana shopeepay alipay wechat paypal qris qr app apps top up topup transfer refund order login logout email
    password pin otp bank visa mastercard admin ok oke okay id no nomor sms voucher promo cashback saldo kyc vip hp
    bca bri bni mandiri paylater android iphone ios wifi link web website error pending status online offline
    update screenshot invoice merchant limit rp idr rmb cny usd pls plz
    """.split()
)

ENGLISH = frozenset(
    """
    the and is are was were be been being am an of to in on at for from with without by about into over after before
    this that these those it its they them their he she his her we us our you your yours my mine me who what when where
    why how which there here have has had having do does did done can could will would shall should may might must
    not don't doesn't didn't can't cannot won't isn't wasn't haven't hasn't couldn't i'm i've i'll it's that's
    if or but so because as than then also just still already yet only very too more most some any all every each
    please help thanks thank hello hi hey dear sir madam sorry yes need want know think get got go going went come
    came make made take took see say said tell told try tried trying send sent pay paid payment payments money back
    account balance charged charge twice wrong failed fails fail missing received receive receiving arrive arrived stuck
    days day today yesterday tomorrow week weeks month hour hours ago since now soon again never always ever
    new old first last one two three another other same someone somebody anyone nobody something nothing anything
    verify verification register registered registration locked blocked unlock change changed number phone code
    card cards bought buy purchase shop store item delivered shipped cancel cancelled return returned service
    support team agent answer reply waiting wait long time urgent asap issue problem question complaint feedback great
    good bad worst love app's use using used work works working open opened close closed set off out no-one
    which country countries abroad exchange rate fee fees much many few hacked stolen scam unauthorized suspicious
    find found show shows showing look looks check checked log sign signed forgot forget
    """.split()
)

INDONESIAN = frozenset(
    """
    yang yg dan dgn dengan di ke dari dr untuk utk buat pada oleh karena krn karna tapi tetapi tp atau kalau kalo klo jika
    jadi jd agar supaya sebagai seperti kayak kyk saat ketika waktu sejak sampai sampe smpe hingga ini itu tsb tersebut
    sini situ sana saya sy gue gua gw aku ak ku kami kita kamu km anda dia mereka kalian min mimin kak kaka gan sis bang
    mas mbak pak bu bapak ibu apa apakah kenapa knp mengapa gimana gmn bagaimana bgmn bagaimanakah siapa kapan kpn mana
    dimana dmn berapa brp tidak tdk tak ga gak gk ngga nggak ngak enggak engga kagak bukan belum blm blum belom jangan
    jgn sudah sdh udah udh dah telah pernah masih msh akan sedang lagi lg juga jg saja aja doang cuma hanya sangat sekali
    banget bgt terlalu lebih paling semua smua tiap setiap banyak sedikit beberapa ada adanya bisa bs dapat dpt bole boleh
    harus hrs perlu mau mo pengen ingin minta mohon mhn tolong tlg bantu bantuan bantuannya terima kasih terimakasih
    makasih makasi trims thx selamat pagi siang sore malam halo hai permisi maaf dong donk sih kok deh nih tuh loh lah ya
    iya yaa nya kan masuk msk keluar gagal berhasil sukses uang uangnya duit duitnya bayar dibayar pembayaran membayar
    kirim dikirim ngirim terkirim terima menerima diterima hilang ilang kembali dikembalikan balik balikin pengembalian
    potong terpotong kepotong dipotong saldonya akun akunku rekening rek nomer kartu sandi kata daftar mendaftar
    pendaftaran ganti ubah hapus tutup buka blokir diblokir terblokir keblokir kunci terkunci lupa kode verifikasi
    pesan pesanan pesananku barang barangnya beli dibeli pembelian belanja toko penjual jual pembeli transaksi transaksinya
    hari kemarin kmrn besok minggu bulan tahun jam menit tadi barusan baru lama sekarang skrg skarang segera cepat secepatnya
    penipu penipuan ditipu ketipu tertipu dibobol diretas dibajak curi dicuri orang lain luar negeri negara kurs biaya
    mata cara caranya coba dicoba nyoba kecewa parah jelek bagus mantap saran keluhan komplain layanan pelayanan respon
    direspon dibales dibalas balas jawab jawaban tunggu nunggu menunggu ditunggu satu dua tiga kali tidaknya punya sama
    sm lewat melalui pakai pake pk gunakan menggunakan digunakan hubungi dihubungi laporkan lapor melapor aplikasi aplikasinya
    aktif aktifkan nonaktif tarik penarikan setor isi ulang pulsa tagihan bukti gambar lampiran terlampir berikut
    encik puan wang duit akaun saya awak kenapa macam mcm tak dapat dapatkan boleh tolong semak nak hendak kerana sebab
    bayaran pulangkan kad telefon baiki masalah masalahnya sila cik hantar daripada esok semalam hari
    """.split()
)
