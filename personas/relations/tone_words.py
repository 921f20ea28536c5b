"""Words by which people thank, say sorry, confide, praise and attack; alternatives with semicolons between.

Each is a pattern of whole words in lower case, with straight quotes.
"""

THANKS = r"""
(?<!no )thanks(?! (?:a lot )?for nothing); thank you; thank u; thx; tysm; ty; tyvm;
(?:i'm|i am|im|so|very|really) grateful; (?:really |so )?appreciate (?:it|you|that|this|your help);
you(?:'re| are|r)? (?:a life ?saver|my hero); you saved (?:me|my (?:day|life|evening|night));
danke(?:schön)?; merci; gracias; obrigad[oa]; grazie
"""
NO_THANKS = r"""
no,? thanks; no,? thank you; thanks (?:a lot )?for nothing; nein,? danke; thanks but no;
thanks to(?! (?:you|u|ya)(?!\w))
"""
SORRY = r"""
(?<!not )(?:i'm|i am|im|so|very|really|truly) sorry(?! (?:to hear|for your|about your|but|for them));
sorry (?:about|for) (?:that|earlier|yesterday|what i|being|my|snapping|before);
i apologi[sz]e; my apologies; my bad; forgive me; i was (?:wrong|rude|mean|unfair)(?: to you)?;
(?:i )?did(?:n't| not) mean (?:it|to (?:hurt|snap|be))(?: like that)?; (?:es )?tut mir leid; entschuldigung
"""
CONFIDES = r"""
(?:i(?:'ve| have)? )?never told (?:anyone|anybody|any one); (?:don't|do not) tell any(?:one|body);
between (?:you and me|us); keep (?:this|it) (?:a secret|to yourself|between us); i trust you;
i(?:'m| am) (?:so |really )?(?:scared|afraid|lonely|ashamed|heartbroken|depressed);
can i tell you (?:something|a secret); i need to (?:tell|talk to) (?:you|someone|somebody);
my (?:mum|mom|mother|dad|father|brother|sister|grandma|grandpa|husband|wife|boyfriend|girlfriend|dog|cat)
(?:died|passed away|left me|is dying|has cancer);
i(?:'ve| have) been (?:crying|struggling|feeling (?:down|low|alone|empty));
i feel (?:so )?(?:alone|empty|lost|worthless|sad); (?:i|we|they) broke up;
i lost my (?:job|mum|mom|dad|friend|baby); i got (?:fired|dumped);
i think i(?:'m| am) (?:gay|bi|trans|pregnant|in love)
"""
ATTACK = r"""
(?:i )?hate you; shut up; stfu; fuck (?:you|off); f u; screw you; piss off; get lost; go to hell;
you(?:'re| are|r)? INTENSE(?:useless|stupid|dumb|annoying|pathetic|worthless|idiot(?:ic)?|moron|trash|
garbage|boring|terrible|awful|liar|creepy|disgusting|lazy|rude|broken bot|bad bot|worst);
(?:stupid|dumb|useless|idiotic|shitty|crappy) (?:bot|machine|thing|cat|character); bad bot; worst bot;
nobody (?:likes|asked) you; kill yourself; kys; leave me alone; you suck; you lied(?: to me)?
"""
PRAISE = r"""
good (?:bot|girl|boy|job|kitty); well done; nice (?:one|work|job); (?:i )?love (?:you|u)(?: so much)?; ily;
you(?:'re| are|r)? INTENSE(?:best|great|amazing|awesome|cute|adorable|sweet|funny|clever|smart|wonderful|
lovely|brilliant|genius|helpful|kind|perfect|incredible); i (?:really )?(?:like|missed|adore|admire) you;
(?:great|excellent|brilliant|perfect) (?:answer|advice|idea|job|work|explanation)
"""
INTENSE = (
    r"(?:so |such an? |a |an |the |just |really |my |very "
    r"|absolutely |fucking |bloody |(?:the )?most |total )*+"
)
TURNED = r"not; isn't; aren't; never; don't; doesn't; hardly; wasn't; weren't"
