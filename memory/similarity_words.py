"""Word lists for comparing facts: negligible words, synonyms, subjects."""

from memory.words import SILENT

ARTICLES = frozenset(
    """
    a an the der die das den dem ein eine einen einem einer le la les l un une el los una o um uma
    """.split()  # noqa: SIM905 (words are read in lines)
)
PEOPLE = {
    word: group[0]
    for group in (("i", "my", "me"), ("you", "your"), ("he", "him", "his"), ("she", "her", "hers"))
    for word in group
}
"""Pronouns by person: facts about different people differ, although these words are light."""

LIGHT = frozenset(
    """
    i my their they his he her she your you is are am be being of in at on to do does there that which who
    really very quite also currently now still any some sa ses su sus seu sua seus suas
    """.split()  # noqa: SIM905 (words are read in lines)
)
"""Words without information. Words that reverse the meaning (not, was, has, without, from) are excluded."""

PREPOSITIONS = frozenset({"in", "at", "on", "to", "of"})
"""Light words that still can't replace one another: to move in is not to move on."""
FRAMING = SILENT | frozenset(
    """
    hat ist war wird mehr jetzt seit a ai est ete tient tiene esta está ha se ya hay una tem numa num da
    do das dos no na nos nas com já ja foi é em seu sua
    """.split()  # noqa: SIM905 (words are read in lines)
)
"""Common words that do not make two facts similar."""
COPULAS = frozenset({"is", "are", "am", "be", "being"})

SYNONYMS = {
    word: group.split()[0]
    for group in (
        *(
            "like enjoy",
            "love adore",
            "hate detest",
            "have owns",
            "kids children",
            "kid child",
            "mother mom mum",
        ),
        *(
            "father dad",
            "film movie",
            "films movies",
            "flat apartment",
            "afraid scared frightened",
            "fall autumn",
        ),
        *("favorite favourite", "color colour", "colors colours", "motorbike motorcycle", "license licence"),
        *("stopped quit", "named called", "big large", "grandma grandmother", "grandpa grandfather"),
        *("evening evenings", "morning mornings", "close near", "start begin", "started began"),
        *(
            f"{day} {day}s"
            for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        ),
    )
    for word in group.split()
}
"""Maps a word to the first of its synonyms, which never differ in tense, number or strength."""

VERBS = {
    form: verb
    for forms in """
    live lives living, work works working, have has having, like likes liking,
    love loves loving, enjoy enjoys enjoying, hate hates hating, detest detests detesting,
    adore adores adoring, do does doing,
    go goes going, play plays playing, study studies studying, learn learns learning, want wants wanting,
    run runs running, cook cooks cooking, bake bakes baking, swim swims swimming, hike hikes hiking,
    speak speaks speaking, drive drives driving, wear wears wearing, collect collects collecting,
    eat eats eating, drink drinks drinking, smoke smokes smoking, teach teaches teaching, sing sings singing,
    write writes writing, watch watches watching, listen listens listening, suffer suffers suffering,
    prefer prefers preferring, plan plans planning, try tries trying, need needs needing, hope hopes hoping,
    dance dances dancing, ride rides riding, visit visits visiting, travel travels travelling traveling,
    keep keeps keeping, sleep sleeps sleeping, save saves saving, think thinks thinking, feel feels feeling,
    volunteer volunteers volunteering, knit knits knitting, garden gardens gardening, rent rents renting
    """.replace("\n", " ").split(",")
    for verb, *others in [forms.split()]
    for form in (verb, *others)
}
"""Verbs in the present tense. No other word is stemmed: Ann is not Anne, "worked" is not "works"."""

BEFORE_DOING = frozenset(
    "is are am be like likes love loves enjoy enjoys hate hates prefer prefers started".split()  # noqa: SIM905
)
"""Words after which "running" is an activity; elsewhere it may be a thing, such as a building."""

PHRASES = {
    "can not stand": "hates",
    "sci fi": "science fiction",
    "work for": "work at",
    "works for": "works at",
    "year old": "years old",
    "goes running": "runs",
    "every day": "daily",
    "at the weekend": "on weekends",
}

MOVABLE = frozenset(
    """
    once online last next year month week day daily lot yesterday today tomorrow tonight morning evening night
    monday tuesday wednesday thursday friday saturday sunday every mostly recently lately often always
    """.split()  # noqa: SIM905
)
"""Words of time and manner, whose position makes no difference within a single statement."""

JOINING = frozenset({"and", "but", "then", "while", "before", "after", "than", "over", "or", "from", "by"})

MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
SMALL_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *("eleventh", "twelfth"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

SUBJECTS = tuple(
    words.strip()
    for words in """
    live lives living lived move moved moving home house flat rent rents room *wohn* leb* zieh* gezogen
    umgezogen umzug miete* haus wohnung heimat habit* vis vit vivre demenag* emmenag* logement appartement
    maison loue* resid* viv* mud* piso casa alquil* mor* apartamento alug* 住 引っ越 引越 部屋 家 在住
    転居 実家
    ;
    work works worked working job employed unemployed quit retired fired laid boss career profession left
    company arbeit* beruf* gekundigt kundig* chef* firma rente* rentner* arbeitslos* entlassen stelle
    angestellt* travail* emploi* metier chomage demission* licenci* retrait* patron* poste entreprise
    bosse* trabaj* empleo despid* despedid* jubil* profesion oficio jefe* empresa paro dejado trabalh*
    emprego demit* demiss* aposent* profissao chefe* saiu 働 仕事 会社 勤 辞め 退職 転職 職 就職 失業
    ;
    married marry single dating engaged divorced separated relationship broke girlfriend boyfriend wedding
    partner husband wife verheiratet geheiratet heirat* ledig verlob* geschieden scheidung getrennt freund
    freundin beziehung hochzeit mann frau partner* zusammen mari* epous* celibataire fianc* divorc* separ*
    copain copine couple femme noces casa* soltero* soltera* comprometid* prometid* divorci* separad*
    novi* pareja marido esposa boda cas* solteir* noiv* namora* casament* juntos 結婚 独身 婚約 離婚 別れ
    彼氏 彼女 恋人 夫 妻 付き合
    ;
    old age birthday born jahre alt geburtstag geworden geboren ans anniversaire annees anos cumpl* edad
    aniversario fez idade 歳 才 誕生日 年齢 生まれ
    ;
    vegetarian vegan meat vegetarier* vegan* fleisch vegetari* viande carne peixe poisson pescado fisch
    ベジタリアン 菜食 肉
    ;
    smoke smokes smoking cigarettes rauch* zigarette* fum* cigarett* cigarr* タバコ 煙草 喫煙 禁煙
    ;
    drink drinks drinking alcohol sober trink* alkohol nuchtern boi* alcool sobre beb* sobri* 酒 飲
    ;
    pregnant baby birth expecting schwanger* geburt enceinte bebe bebes embaraz* gravid* nacido nasceu
    妊娠 赤ちゃん 出産 産
    ;
    exam test passed failed results prufung* bestanden durchgefallen examen* reussi rate resultat* aprob*
    suspend* exame* passou reprov* prova 試験 合格 不合格 受か
    ;
    drive drives driving licence license car auto wagen fuhrerschein* fahr* conduire permis voiture condu*
    carne coche carro carta moto 運転 免許 車
    ;
    studies studying student studied graduated university grade dropped degree school teacher stud* uni
    universitat abschluss abgebrochen abitur schule lehrer* ausbildung etud* universite diplom* fac
    licence ecole master estudi* universidad carrera gradu* titul* escuela profesor* estud* faculdade
    curso universidade formou 勉強 大学 学部 学生 卒業 中退 学校
    ;
    hospital ill sick healed recovered recovering well allergic allergy outgrew leg arm krank* gesund*
    spital klinik allerg* genesen geheilt malade* maladie gueri* hopital enferm* recuper* curad* baja
    doente* doenca curou baixa 病気 病院 治 入院 退院 アレルギー 回復 休んで 骨折
    ;
    dog puppy cat pet died hund* katze* kater haustier gestorben chien* chat chats chatte mort morte
    adopt* perr* gat* muert* murio mascota cachorr* cao morr* 犬 猫 ペット 死 亡
    ;
    reading finished read novel book lies* gelesen ausgelesen buch roman lire lit lu fini livre leyendo
    leer leido libro novela lendo ler leu livro romance terminou 読 本 小説
    ;
    pills medication medicine antidepressants therapy tablette* medikament* antidepress* therapi* pille*
    medicament* cachet* comprime* pastilla* medicacion remedio* comprimid* terapia 薬 飲み
    ;
    hair dyed haircut *haar* gefarbt cheveux teint* pelo tenid* cabelo pint* 髪 染め
    ;
    sleep sleeps insomnia sleeping schlaf* schlaflos* dor* sommeil insomnie duerm* dorm* insomnio 眠 不眠
    寝
    ;
    parents roommates alone together mother father eltern mitbewohner* allein *mutter *vater colocat*
    seul* mere pere padres solo sola madre padre companer* pais sozinh* mae pai 両親 一人暮らし 母 父
    ;
    looking found search searching such* gefunden cherche* trouve* busca* encontr* procur* 探 見つか
    ;
    want wants plan plans trip travel been visited reis* will mochte war veut voudr* voyag* alle allee
    voulait quier* viaj* quer* estado esteve foi 行きたい 旅行 旅 一周
    ;
    drives sold bought toyota gekauft verkauft achete vendu comprado vendido comprou vendeu 買 売
    ;
    sister brother child children schwester* bruder* kind* soeur* frere* enfant* herman* hij* irma* filh*
    姉 妹 兄 弟 子供
    ;
    fear afraid scared likes loves hates angst furcht* mag liebt hasst peur crain* aime* adore* deteste*
    miedo teme gust* encant* odi* medo gost* ador* 怖 苦手 好き 嫌い
    """.split(";")  # noqa: SIM905 (words are read in lines)
)
"""Subjects, each a list of words without accents; "*" stands for any ending.

Within a subject a new fact may end a dissimilar old one. Characters of scripts without spaces match anywhere.
"""
