"""Word lists, in several languages, for calls, questions and small talk.

All are in lower case. They only decide where turn-taking or the position of a name tells nothing.
"""


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Greetings, and other beginnings

HAILS = _words("hey hi hello yo dear hallo hola salut ciao oi привет")
"""Calls to somebody: a name follows."""

GREETINGS = HAILS | _words(
    "hiya heya sup ahoy morning evening afternoon night goodnight gm gn bye goodbye thanks thank thx ty "
    "welcome congrats sorry birthday job done moin servus danke liebe lieber bonjour merci cher chère "
    "gracias olá obrigado obrigada grazie спасибо"
)
"""Words often followed by a name."""

_INTERJECTIONS = _words(
    "lol lmao haha hahaha wow omg wtf oh ah hm hmm yes yeah yep yup no nope nah ok okay k kk nice cool true "
    "back wait so ja nein na gut oui non si sí vale sim não да нет"
)

LEAD_INS = _words("hey hi hello ok okay so and but also um hm hmm well na und et pero y e ну а")
"""Words that often lead into a question."""

OPENERS = (
    GREETINGS
    | _INTERJECTIONS
    | LEAD_INS
    | _words(
        "or then now aha uh heh damn yay oof ugh please pls plz great good happy right sure fine anyway "
        "anyways btw fyi imo tbh idk alright naja doch aber bon alors donc mais bueno pues entonces bom "
        "então mas sì allora ma так и но all everyone everybody guys folks people chat y'all yall there "
        "team friends man dude bro bruh mate buddy leute alle tous todos todas chicos ragazzi ребята все "
        "nobody none someone anyone"
    )
)
"""Words that people say before a name."""

FILLERS = _words("please pls plz lol lmao haha hahaha ok okay thanks thx ty bitte danke merci tho though")
"""Words that people say after a name at the end."""

THROWN_IN = _INTERJECTIONS | _words(
    "hi hello hey bye gn gm thanks thx ty thank danke gracias merci rofl xd hehe jaja jajaja www brb afk gg "
    "same np you what genau d'accord ага ок"
)
"""Common interjections: a few of these and nothing else are small talk."""

# Questions, requests, and their addressees

_QUESTION_WORDS = _words(
    "what whats who where when why how which wie warum wo wer wann quoi comment pourquoi qui qué cómo quién "
    "dónde quem perché что как почему кто где"
)

ASKING = _QUESTION_WORDS | _words("whos hows que qu qual come cosa")
"""Words after a name that ask something."""

OPEN_A_QUESTION = _QUESTION_WORDS | _words(
    """
    whose what's where's how's is are does do did can could would should any wieso welche welcher
    welches kann kannst gibt quand où quel quelle cuándo cuál quando onde chi perche wat wanneer waar hoe
    waarom kto kiedy gdzie jak dlaczego czy когда зачем хто що коли де як чому nerede nasıl neden apa siapa
    kapan bagaimana क्या कौन कैसे هل كيف متى أين لماذا
    """
)
"""Words that begin a question, with or without a question mark; "is" and "do" only ask in that position."""

ANYBODY = _words(
    """
    anyone anybody jemand alguien quelqu'un qualcuno alguém iemand ktoś кто-нибудь кто-то хтось birisi
    kimse seseorang någon noen joku valaki κανείς أحد कोई
    """
)
"""Words that put a question to the whole channel."""

ANYBODY_UNSPACED = ("谁知道", "誰か", "有人", "누가", "누구", "ใคร")
"""The same for scripts without spaces, and for endings that stick to a word: matched within words, too."""

ALL_OF_YOU = _words(
    """
    everyone everybody people folks guys y'all yall someone somebody ihr euch leute jemanden
    vosotros vosotras ustedes todos gente vous
    """
)
"""Words that put a question to the whole channel, inside a question only."""

PLEA = _words(
    """
    help pls plz please urgent urgently asap emergency hilfe bitte dringend helfen aide aidez svp stp ayuda
    urgente ajuda aiuto hulp pomocy pilne помогите помоги срочно пожалуйста yardım acil tolong hjälp hjelp
    βοήθεια مساعدة ساعدوني मदद
    """
)
"""Words that ask for help or show urgency."""

PLEA_UNSPACED = ("请问", "求助", "帮忙", "救命", "助けて", "教えて", "お願い", "도와", "ช่วย")
"""The same, matched within words."""

# Words around a name, and names that are words

YOU = _words("you u ya du ihr tu toi vous tú te usted vos ustedes você vc voi ты вы")
YOURS = _words("your ur yours youre dein deine dir dich ton ta tes твой тебе вам")
ME = frozenset(("i", "we"))
AND = _words("and then or plus und oder dann et ou puis y o luego e poi и или потом")

DEMANDS = _words(
    "please pls plz look listen wait stop help tell come go say give show let try check see explain "
    "remember answer join play send don't dont i im thanks sorry hi hello lol yes no ok"
)
"""Bare verbs that, after a name, ask something of that person: about an absent person they would end in -s.
"""

AUXILIARIES = _words(
    "is are am was were be been has have had do does did will would can could shall should may might must "
    "isn't isnt wasn't won't can't couldn't doesn't didn't hasn't just also never always really still ist "
    "war hat est a es está era foi é"
)

NEVER_NAMES = _words(
    "the an me my mine we us our he him his she her it its they them their this that these those if in on "
    "at by for from to of with as not because since while until der die das den ein eine ich wir er sie le "
    "la les un une je nous il elle el los las una yo os um uma eu я мы он она они это afk brb mr mrs ms dr "
    "note edit update ps nb todo tldr question example warning source result today tomorrow yesterday "
    "tonight first second third last finally however still too instead sometimes maybe perhaps meanwhile "
    "otherwise later soon besides therefore else again huh innit correct same exactly"
)

NAMES_AND_WORDS = _words(
    "will may mark hope grace joy faith art bill rose pat jack rob drew chase sunny sky summer autumn dawn "
    "chance max ray rich frank grant guy hunter ginger ivy lily jade ruby pearl amber daisy violet honey "
    "sugar candy angel star storm ace king queen doc cat fox wolf bear ghost shadow echo sage reed stone "
    "sandy dean don jay josh nick"
)
"""Names that are ordinary words: unless something sets them apart they don't address anybody."""

NO_NAMES = (OPENERS | YOU | YOURS | AND | ASKING | DEMANDS | AUXILIARIES | NEVER_NAMES) - NAMES_AND_WORDS

# Words about oneself, and requests

MYSELF = _words(
    """
    i i'm im i've ive i'd i'll ill me my mine myself we we're we've our ours us
    ich mir mich mein meine meinen meinem meiner meins wir uns unser unsere unseren
    yo mí mi mis me mío mía conmigo nosotros nosotras nos nuestro nuestra
    je j'ai j'avais j'étais j'en j'y j'arrive j'aime moi mon ma mes m'a m'ont nous notre nos
    """
)
"""The first person."""

DID = _words(
    """
    am was been had have got gave made found lost left took sent spent woke slept ate drank broke bought sold
    built wrote read drew ran fell felt forgot began met told said saw heard went came did won beat quit just
    finally can't cannot couldn't won't still feeling trying
    bin war hab habe hatte muss musste kann konnte will wollte darf sitze liege stehe warte mache
    soy estoy estaba tengo tenía he había fui hice quiero puedo pude acabo llevo voy sigo creo
    suis étais viens vais peux
    """
)
"""Verbs that begin a line which omits its "I": deeds and states."""

FEELINGS = _words(
    """
    happy sad glad proud afraid scared anxious nervous worried tired exhausted sleepy lonely alone angry mad
    upset hurt hurts sick cry crying cried tears laugh laughing love loved hate hated miss missed missing feel
    feels feeling felt hope hoping wish sorry ashamed embarrassed excited thrilled relieved grateful jealous
    guilty stressed overwhelmed bored lost stuck struggling struggle terrified panic panicking heartbroken
    depressed awful terrible horrible amazing wonderful beautiful gorgeous ugly weird strange wrong worst best
    favorite favourite perfect ruined broke broken died dead dying birthday funeral divorce hospital doctor
    job interview exam asleep awake
    glücklich traurig froh stolz angst nervös müde erschöpft einsam allein wütend sauer krank weine weinen
    geweint liebe hasse vermisse fühle fühlt gefühl hoffe schäme aufgeregt erleichtert dankbar gestresst
    verzweifelt langweilig schlimm furchtbar schrecklich wunderschön komisch kaputt gestorben tot prüfung
    schlafen wach
    feliz triste contento contenta orgulloso orgullosa miedo nervioso nerviosa cansado cansada agotado agotada
    solo sola enfadado enfadada enfermo enferma llorar lloro llorando odio extraño siento espero vergüenza
    emocionado emocionada aliviado aliviada culpa increíble raro roto murió muerto examen entrevista dormir
    heureux heureuse contente content fière fier peur nerveux nerveuse fatigué fatiguée épuisé épuisée seul
    seule fâché malade pleure pleurer déteste manque espère honte excité soulagé incroyable bizarre cassé mort
    morte examen entretien dormi
    """
)
"""Words for feelings and judgements, and for grave events."""

OPINIONS = _words(
    """
    opinion opinions thoughts feedback advice ideas tip tips suggestion suggestions suggest recommend
    recommendation recommendations recs critique criticism preferences
    meinung meinungen rat ratschlag ratschläge ideen tipp tipps vorschlag vorschläge empfehlung
    empfehlungen empfehlen empfiehlt kritik
    opinión opiniones opinan opináis consejo consejos sugerencia sugerencias recomendación recomendaciones
    recomiendan recomendáis recomienda
    avis conseil conseils idées suggestions recommandation recommandations conseillez
    """
)
"""Words that ask for opinions or advice."""
