"""Words that announce a secret, in several languages, and words that rule one out."""

PASSWORDS = (
    *("password", "passwd", "passphrase", "pass phrase", "passcode", "pass code", "pwd", "pw", "my pass"),
    *("wifi key", "wi-fi key", "network key", "seed phrase", "recovery phrase", "secret phrase"),
    *("seed words", "recovery words"),
    *("passwort", "kennwort", "wlan-schlüssel", "wlan schlüssel", "netzwerkschlüssel"),
    *("mot de passe", "mdp", "phrase secrète", "contraseña", "palabra clave", "mi clave", "clave del wifi"),
    *("parola d'ordine", "senha", "palavra-passe", "wachtwoord", "hasło", "heslo", "şifre", "şifrem"),
    *("lösenord", "adgangskode", "passord", "salasana", "пароль"),
)
"""The text after one of these counts as a password, whatever it looks like."""

CODES = (
    *("pin", "pin code", "pin number", "cvv", "cvc", "otp", "2fa", "2fa code", "door code", "gate code"),
    *("alarm code", "security code", "access code", "login code", "entry code", "verification code"),
    *("unlock code", "backup code", "recovery code", "safe code", "garage code", "lock code"),
    *("geheimzahl", "pin-code", "türcode", "zugangscode", "sicherheitscode"),
    *("code secret", "code pin", "code d'accès", "code de la porte", "digicode"),
    *(
        "código de acceso",
        "código pin",
        "código secreto",
        "pincode",
        "пин",
        "пин-код",
        "portkod",
        "portkoden",
    ),
)
"""The text after one of these counts as a code if it begins with a digit."""

TOKENS = (
    *("token", "api key", "apikey", "api-key", "api_key", "access key", "access token", "access_token"),
    *("auth token", "auth_token", "bot token", "secret key", "secret_key", "private key", "license key"),
    *("licence key", "client secret", "client_secret", "api secret", "secret_access_key", "secret", "login"),
    *("logins", "recovery key", "backup key", "restore key", "bitlocker key"),
    *("credentials", "pass", "passwords", "passwörter", "mots de passe", "contraseñas", "zugangsdaten"),
    *("api-schlüssel", "clé api", "jeton", "clave", "clave api", "código", "codice", "parola", "код"),
)
"""The text after one of these counts as a secret if it mixes letters and digits."""

UNSPACED = ("パスワード", "密码", "密碼", "口令", "비밀번호")
"""Words for "password" in scripts without spaces between words."""

PHONES = (
    *("phone", "phone number", "phone no", "mobile", "mobile number", "cell", "cell number", "cellphone"),
    *("cell phone", "telephone", "tel", "my number", "whatsapp", "call me", "text me", "reach me"),
    *("landline", "fax", "my new number", "his number", "her number", "their number"),
    *("handy", "handynummer", "telefon", "telefonnummer", "meine nummer", "ruf mich an", "festnetz"),
    *("téléphone", "mon numéro", "numéro de téléphone", "portable", "appelle-moi"),
    *("teléfono", "mi número", "móvil", "celular", "número de teléfono", "llámame", "telefone"),
)
"""A number after one of these is a phone number, even without a known country code."""

NUMBERED = (
    *("ssn", "social security number", "social security no", "social security"),
    *("passport number", "passport no", "passport", "reisepassnummer", "reisepass", "numéro de passeport"),
    *("passeport", "número de pasaporte", "pasaporte"),
)
"""A number after one of these is a registration number."""

IS = (
    *(
        "is",
        "was",
        "will be",
        "are",
        "equals",
        "it's",
        "ist",
        "lautet",
        "war",
        "heißt",
        "sind",
        "est",
        "c'est",
    ),
    *("était", "es", "era", "será", "è", "é", "jest", "är", "er"),
)
TO = ("to", "auf", "zu", "à", "en", "a", "por", "into")
AS = ("as", "als", "comme", "como")
CHANGED = (
    *("change", "changed", "changing", "set", "reset", "update", "updated", "switched", "made"),
    *(
        "geändert",
        "ändere",
        "änderte",
        "setze",
        "changé",
        "changer",
        "cambié",
        "cambiado",
        "cambiar",
        "mudei",
    ),
)
STILL = (
    *(
        "now",
        "still",
        "just",
        "always",
        "literally",
        "simply",
        "currently",
        "jetzt",
        "immer",
        "noch",
        "einfach",
    ),
    *("maintenant", "toujours", "encore", "ahora", "siempre", "todavía", "set to", "the word"),
    *("das wort", "le mot", "la palabra"),
)
MINE = (
    *("my", "our", "the", "his", "her", "their", "mein", "unser", "das", "die", "meine"),
    *("mon", "notre", "le", "ma", "la", "mi", "nuestra", "minha", "mijn", "your", "dein"),
)

NOT_ITS_NAME = frozenset(
    """
    manager managers reset resets policy policies field box generator hint hints length rules prompt screen
    strength security protection protected protect sharing less
    """.split()  # noqa: SIM905 (words are read in lines)
)
"""Words after "password" that turn it into the name of another thing."""

NOT_SAID = frozenset(
    """
    a an the my your his her our their its it that this these those not never no none too very so really
    still now just always only also already almost quite pretty way kinda like about on in at under behind
    inside with from for by of to and or but as what why when where who how which if is be been was
    wrong incorrect invalid valid safe unsafe secure insecure strong weak weaker stronger long
    longer short shorter easy hard stolen leaked lost gone hacked compromised changed reset expired expiring
    required needed missing empty blank different same new old secret private public hidden unknown
    forgotten fine good bad great terrible awful stupid silly annoying important encrypted hashed saved
    stored written kept set protected something someone somewhere anything nothing everything mine yours
    going being getting impossible possible longest because unique random simple complicated complex
    case-sensitive asked below above there here then please today yesterday tomorrow
    redacted example password passwort str string none null nil true false int bool text bytes optional
    undefined any object input self you i we they he she
    ich du er sie es wir ihr nicht kein keine falsch richtig zu sehr weg lang kurz sicher unsicher schwach
    stark gestohlen vergessen geändert abgelaufen leer neu alt geheim auf im bei mit von für ein eine
    einfach schwer noch schon auch nur immer mir der die das dem den und oder aber bitte
    pas plus trop très faux fausse bon mauvais volé oublié changé expiré vide nouveau ancien sous
    dans sur avec pour un une le la les de du des que qui toujours aussi court faible fort et ou mais
    muy demasiado mal incorrecta correcta robada olvidada caducada vacía nueva vieja secreta segura débil
    fuerte larga corta bajo en con para una el los las siempre también y o pero del al
    """.split()  # noqa: SIM905 (words are read in lines)
)
"""Words after "my password is" that express an opinion, a place or a type instead of the password."""

AT = (
    *("is", "at", "on", "under", "number", "no", "nr", "new", "now", "it's", "ist", "auf", "unter", "lautet"),
    *("an", "est", "au", "le", "es", "al", "el", "o", "me", "still", "jetzt"),
)
"""Words allowed between one of PHONES and the number."""

UNITS = (
    *("times", "points", "euros", "euro", "dollars", "bucks", "steps", "followers", "messages", "people"),
    *("mal", "fois", "veces"),
)
"""Units after a number, which make it a quantity and no phone number."""

COUNTED = (
    *(
        "year",
        "years",
        "month",
        "months",
        "week",
        "weeks",
        "day",
        "days",
        "hour",
        "hours",
        "minute",
        "minutes",
    ),
    *("second", "seconds", "line", "lines", "word", "words", "letter", "letters", "digit", "digits", "page"),
    *("pages", "char", "chars", "character", "characters", "percent", "km", "metres", "meters", "feet"),
    *("jahre", "tage", "zeilen", "zeichen", "ans", "jours", "lignes", "años", "días", "líneas", *UNITS),
)
"""Units after a number that follows "code", which make it a quantity and no code."""

ENOUGH = frozenset(
    """
    and but so because since now please thanks though however for or if when while und aber weil denn bitte
    damit oder et mais car donc merci ou y pero porque gracias o e ma mas en maar
    """.split()  # noqa: SIM905 (words are read in lines)
)
"""Words that end a password of several words."""

# Words and stems in sixteen languages that announce a secret, together or before digits.


def _listed(words: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in words.split(","))


CODE_WORDS = _listed(
    """
    code, combination, combo, passcode, pin, kombination, cijfer, codigo, clave, combinaison,
    combinacion, combinação, combinazione, codice, kod, szyfr, koodi, код, комбинац, шифр, コード, 番号,
    密码, 密碼, 번호, şifre, senha, segredo, sifra
    """
)
LOCKED = _listed(
    """
    zahlenschloss, haustür, cijferslot, vorhängeschloss, safe, door, gate, alarm, locker, lock, padlock,
    garage, vault, card, suitcase, gym, tresor, tür, schloss, schließfach, spind, karte, eingang,
    coffre, porte, cadenas, immeuble, alarme, carte, casier, portail, valise, caja fuerte, portal,
    puerta, candado, alarma, tarjeta, taquilla, maleta, garaje, cofre, porta, cadeado, cartão,
    cassaforte, portone, lucchetto, allarme, carta, armadietto, kluis, deur, slot, pasje, sejf, drzwi,
    kłódk, brama, bramy, kart, szafk, domofon, kassaskåp, lås, larm, skåp, trezor, dveř, zámk, zámek,
    kassakaap, ovi, lukko, luko, hälyty, kortti, korti, kasa, kapı, kilit, kilid, сейф, двер, замк,
    замок, домофон, сигнализац, карт, подъезд, 金庫, 玄関, ロッカー, アラーム, 保险, 门, 锁, 금고, 현관,
    자물쇠, 카드, portkod, porten, haustür, handy-code
    """
)
"""Locked things, which announce a secret together with one of CODE_WORDS or OPENED."""
OPENED = _listed(
    """
    opens with, open it with, opens by, geht mit, öffnet mit, auf mit, s'ouvre avec, ouvre avec,
    se abre con, abre con, abre com, si apre con, gaat open met, otwiera się, öppnas med, otevírá,
    aukeaa, açılıyor, открывается
    """
)
PASSWORD_STEMS = _listed(
    """
    hasł, hesl, salasana, şifre, parola, lösenord, adgangskode, passord, парол, wachtwoord, contraseña,
    senha, palavra-passe, passwort, kennwort, mot de passe
    """
)
"""Announce a word that mixes letters and digits as a password."""
REGISTERED = _listed(
    """
    national insurance, social security, driving licence, driver's license, passport, id number,
    id card, pps number, aadhaar, steuer-id, steueridentifikationsnummer, sozialversicherungsnummer,
    ausweisnummer, personalausweis, reisepass, numéro de sécu, sécurité sociale, carte d'identité,
    passeport, dni, nie, pasaporte, seguridad social, cpf, nif, rg, passaporte, contribuinte,
    codice fiscale, carta d'identità, bsn, burgerservicenummer, paspoort, pesel, dowód osobisty, dowodu,
    paszport, personnummer, rodné číslo, občanský průkaz, henkilötunnu, hetu, kimlik, снилс, инн,
    паспорт
    """
)
"""Announce six or more digits as a registration number."""
CALLED_AT = _listed(
    """
    call me, text me, ruf, appelle, llámame, me liga, liga, ligue, chiamami, chiama, bel me, zadzwoń,
    dzwoń, numer, ring mig, mitt nummer, zavolej, volej, soita, numeroni, ara, numaram, позвони, звони,
    мой номер, телефон, telefon, telefoon, puhelin, telefono, cellulare, whatsapp
    """
)
"""Announce a number as a phone number."""
UNSPACED_CODES = _listed(
    """
    暗証番号, コード, パスコード, ロッカーの番号, 暗号, 密码, 密碼, 验证码, 驗證碼, 口令, 비밀번호,
    인증번호, 암호
    """
)
UNSPACED_NUMBERS = _listed(
    """
    マイナンバー, 個人番号, 免許証番号, 身份证, 身份證, 护照号, 주민등록번호, 주민번호, 여권번호
    """
)
UNSPACED_PHONES = _listed(
    """
    電話番号, 電話, 携帯, 手机, 手機, 电话, 전화번호, 전화, 휴대폰
    """
)
UNSPACED_ACCOUNTS = _listed(
    """
    口座番号, 银行卡号, 账号, 계좌번호, 계좌, 카드번호
    """
)
