"""Word patterns for quarrels, praise, questions, play, thanks and confidences (see signs.py).

Each text contains alternatives separated by semicolons, each a pattern of whole words in lower case, with
straight quotes.
"""

# Words of one persona to another, whose names were replaced by "you". `GOOD` and `BAD` stand for those words,
# `ARE` for a verb after "you", and `SUCH` for an intensifier.

GOOD = """
brilliant; wonderful(?:ly)?; beautiful(?:ly)?; lovely; amazing; clever; kind; sweet; great; gorgeous;
wise; impressive; talented; smart; charming; funny; delightful; adorable; fantastic; incredible;
marvell?ous; warm; the best; excellent; superb; elegant; splendid; awesome; perfect; thoughtful;
generous; brave; remarkable; gifted; genius; a treasure; a gem; a wonder; a marvel; a delight;
a masterpiece; an inspiration; patient; graceful; magnificent; stunning; radiant; exquisite; loyal;
honest; witty; skilled; skilful; inspiring; fearless; gentle; tender; bright; sharp; fine; fascinating;
captivating; enchanting; dazzling; sensible; precious; dear; admirable; flawless; masterful;
outstanding; unique; spotless; handsome; pretty; a hero; a poet; a star; a natural; an artist; a legend;
a true friend; good (?:company|listener|friend|hands|heart|eye|ear|voice|taste); reliable; tireless;
strong; cheerful
"""

BAD = """
idiot(?:ic)?; fool(?:ish)?; stupid; dumb; morons?; pathetic; useless; worthless; ugly; boring;
disgusting; liar; coward; clown; imbecile; hopeless; dull; insufferable; annoying; terrible; awful;
trash; garbage; a joke; loser; incompetent; disgrace; failure; brainless; muppet; vile; wretched;
talentless; rotten; embarrassing; hideous; clueless; half-wit; nitwit; buffoon; oaf; pest; parasite;
fraud; hack; dimwit; rude; arrogant; vain; selfish; spineless; shallow; witless; ignorant; tiresome;
tedious; dreadful; horrible; horrid; nasty; miserable; repulsive; revolting; silly; childish; lazy;
clumsy; ridiculous; laughable; a nobody; a bore; a nuisance; a menace; a thief; a cheat; a hypocrite;
crook; rat; snake; pig; donkey; toad; worm; vermin; leech; blockhead; airhead; simpleton; weakling;
weak; feeble; cruel; petty; mediocre; unbearable; intolerable; detestable; ghastly; filthy; cheap;
worst; senile; mad; insane; deranged; good for nothing; mindless; gutless; heartless; ungrateful; smug;
conceited; pompous; obnoxious; cringe
"""

HEATED = r"""
how dare; how could you; (?:had|heard) (?:quite )?enough; enough of (?:this|your); for the last time;
take that back; (?:done|finished|through) (?:talking|arguing|with you); we(?:'re| are) done;
leave me alone;
stop (?:twisting|interrupting|lying|lecturing|pretending|telling|blaming|shouting|acting|making|it);
don't you (?:dare|ever|\w+ (?:me|out|away|back|on));
don't (?:tell me|lecture|talk to me|walk away|blame|put); don't (?:change the subject|you start);
(?<!never )(?<!never get )(?<!not )(?:sick|tired) of; listen to me; what(?:'s| is) wrong with you;
(?:that's|what) a lie; you (?:promised|betrayed|lied to|ruined|started (?:it|this));
i (?:warned|trusted) you; i (?:won't|will not|refuse to) (?:hear|let you|listen|stand); your fault;
how many times (?:do|must|have) i; no right to; been (?:through|over) this; words in my mouth;
you (?:always|never) (?!fail|cease|seem|know|find|make|look|sound|manage)\w+; you keep \w+ing;
why (?:can't|won't|don't) you (?:ever|just|listen|admit|understand);
why (?:do|must|would) you (?:have to|always|never|keep|insist|even|lie|treat);
every (?:single )?time you; i said no; and i meant it; not (?:one|another) (?:more )?word; you owe me;
you had (?:one|no); i can't believe you; (?:don't|do not) you (?:see|get|understand);
you (?:don't|won't) (?:even )?(?:listen|care|understand|get it);
i(?:'m| am) (?:so |really )?(?:angry|furious|fed up|finished|done); what were you thinking;
because of you; you (?:had|have) no (?:right|idea|business); hands off
"""

IMPATIENT = "nonsense; rubbish; ridiculous; absurd; outrageous; admit (?:that )?you"

SCORN = r"""
your (?:[\w']+ ){1,4}(?:is|are|was|were|smells?|sounds?|looks?) (?:[\w']+ ){0,3}BAD; shut up; get lost;
nobody (?:asked|likes|wants|cares); drop dead; (?:hate|despise|loathe|can't stand) you;
you (?:make me sick|disgust|bore|stink|reek|smell); waste of (?:space|time|air|ink); beneath me;
brain of an?;
you(?:'re| are) not (?:even |very |that |half )*(?:clever|smart|bright|funny|worth|good|fit);
you (?:have|had) the (?:\w+ ){1,2}of an?; (?:met|seen|known|owned) (?:\w+ ){1,4}than you;
your (?:ugly|stupid|miserable|tiny|thick) \w+; even (?:a|the|my) [^.!?]{1,30}than you; go (?:away|rot);
you could(?:n't| not) (?:\w+ ){1,5}(?:of|if|to|with|without|in); only an? BAD;
you and your (?:ugly|stupid|BAD); what would you know; you wouldn't know; the likes of you;
no wonder (?:nobody|no one|they|everyone); people like you; your face; smell of;
the (?:worst|most BAD) \w+; as (?:charming|clever|sharp|useful|bright|deep|smart|funny) as an?;
embarrass(?:ment)? (?:yourself|to); youARE (?!(?:never|not) )(?:[\w']+ ){0,4}BAD;
you,? SUCHBAD; you overgrown \w+; what an? (?:\w+ ){0,2}BAD[^.!?]{0,30}, you;
such an? (?:\w+ ){0,1}BAD[^.!?]{0,30}, you
"""

MATCH = r"""
(?:i|wanna|want to|care to|what do you) bet; race you; top that; i w[io]n; beat (?:that|me); challenge;
duel;
(?:i|i'[ld]l?|i will|i can|i would|going to|gonna|could) (?:still )?(?:beat|win|outdo|outrun|outsmart|top);
(?:i|i'[ld]l?|i will|i can|i would|going to|gonna|could) (?:still )?(?:crush|outplay|finish before|do better);
(?:better|worse|(?!oth|rath)\w{3,}er|more(?: \w+)?) than (?:you|yours?)(?! think| know);
(?:i )?dare you; rematch;
who(?:'s| is| can| will)? (?:\w+ )?(?:better|faster|quicker|longer|first|the best); loser (?:buys|pays);
my (?:score|record); catch me; keep up with me; ahead of you; points? (?:to|for) me; contest;
may the best; whoever [^.!?]{1,40}(?:gets|wins|keeps|may|first); first (?:one )?to; the winner; see who;
you(?:'ll| will) lose; you lost; eat my dust; undefeated; even the score; try to keep up;
i(?:'ll| will) \w+ it (?:better|faster|twice); says i; a wager; the loser; half the time you;
i(?:'ve| have) (?:already )?(?:beaten|won|done|caught|found|read) (?:more|twice|three);
try (?:and|to) (?:stop|catch|beat);
(?:one|two|three|ten|twenty) (?:coins|bucks|dollars|to (?:one|nil|two)); whose \w+ is;
let's see (?:if you|you|which); before you (?:do|can|even)
"""

JOINT = r"""
let's (?!not|be honest|face|say|see|agree); shall we; why don't we; together; team up; count me in;
side by side; (?:we|you and i) (?:could|should|can|might) (?:\w+); join (?:forces|me|in|us);
split (?:the|it); partners; i(?:'ll| will) (?:help|bring|handle|hold|keep watch|take care);
(?:help|lend) me; give (?:me|you) a hand;
(?:can|let me|happy to|care to|want to|would you|could you) (?:help|join);
our (?:plan|project|song|story); (?:need|use|want) your help;
(?:work|build|write|try) (?:it |this )?with (?:me|you); between (?:us|the two of us);
if you [^.!?]{1,50} i(?:'ll| will| can); you take [^.!?]{1,40} i(?:'ll| will)? take;
come (?:along|with me); (?:two heads|four eyes|four hands);
we(?:'ll| will) (?:have|get|make|be|do|finish|need|find); i (?:could|can|'ll|will) [^.!?]{1,50} if you;
would you, and; and (?:then )?we(?:'ll| can| could); share (?:the|it|my|our);
(?:give|lend) (?:us|me) (?:a|your); hold (?:this|the|that) [^.!?]{1,30}(?:while|for|and); meet me;
with your [^.!?]{1,40} and my; as a team;
you (?:sing|read|look|watch|dig|hold|cook|write) [^.!?]{0,30}(?:and|while) i
"""

PRAISE = r"""
your (?:[\w']+ ){0,3}GOOD;
your (?:[\w']+ ){1,4}(?:is|are|was|were|looks?|sounds?) (?!not )(?:[\w']+ ){0,3}GOOD;
(?:love|adore|admire|like|enjoy) (?:how you|the way you|it when you|your); proud of you; impressed;
(?:well|nicely|beautifully) (?:done|said|put|played); (?:good|great|nice|lovely) (?:job|work); bravo;
kudos; hats off; (?:nobody|no one) (?:\w+ ){1,3}(?:like|better than) you; suits you;
glad (?:you|to have you); you have (?:a|such) (?:an? )?(?:gift|talent|eye|way|heart);
(?:as \w+|the way|like) (?:as )?you do; as \w+ as you;
never (?:met|seen|known|heard) (?:any|some)(?:one|body|thing) (?:so|as|more);
i wish i (?:could|had your); you make (?:it look|me (?:smile|laugh|happy|feel)|everything); without you;
i (?:missed|treasure|cherish) you; (?:never|not) (?:tire|get tired) of; i could listen;
so \w+ that even; you (?:always|never) (?:fail|cease|know|find); hold (?:you|your \w+) in;
look up to you; learn(?:ed|t)? (?:so much|a lot|everything) from you; i trust you; in your debt;
thanks to you; you saved; you did (?:it|well|so well|great); you outdid yourself;
i(?:'m| am) (?:in awe|honou?red|lucky|so happy for you); congratulations;
youARE (?!(?:not|never) )(?:[\w']+ ){0,4}GOOD; you,? SUCHGOOD
"""

KINDNESS = r"what an? GOOD; GOOD[^.!?]{0,20}, you"

PLAY = r"""
says the; nice try; keep dreaming; dream on; in your dreams; telling yourself; you wish; touch[ée];
oh,? please; sure you (?:did|do|are|were|can); very funny; coming from you; look who(?:'s| is);
big words; bold (?:words|of); rich from; careful, you might; don't quit your; wrong side of;
here i thought; how original; (?:don't|try not to) (?:hurt|strain) yourself; isn't that cute;
and i'm the (?:king|queen|pope|moon); rumou?r has it; did you (?:rehearse|practi[sc]e) that;
i(?:'ll| will) try not to; did it take you; tell that to; do you (?:own|ever own) any;
how long did (?:that|it) take; was that (?:a|your) joke; i(?:'ll| will) alert;
call the (?:papers|guards|press); should i (?:be|fetch|call) \w+; mark the date; stop the presses;
breaking news; at your age; drama queen; bless your;
some(?:one|body)(?:'s| is) (?:grumpy|jealous|touchy|cranky|in a mood);
some(?:one|body) (?:got up|woke up|needs an?); old bean
"""

AGAINST = r"""
disagree; (?:don't|do not|can't|cannot|can hardly) agree; don't (?:think|believe) (?:so|that|it|we|you);
(?:i|i'd|rather) doubt; (?:isn't|aren't|wasn't|weren't) (?:true|right|so|how|what|why|where|quite);
not (?:quite |so |really |exactly |entirely )*(?:true|right|sure|convinced|correct|how|what);
beg to differ; you(?:'re| are) (?:[\w']+ ){0,2}(?:wrong|mistaken); see it differently;
wouldn't (?:say|call); otherwise; (?:wrong|mistaken) about; on the contrary; can't be right;
i'm afraid not; the (?:very )?opposite; misremember; the other way r?a?round; more to it;
half (?:the truth|true); you(?:'re| are)? forget(?:ting)?; with respect; sorry,? (?:\w+,? )?but;
i think you (?:mix|mean|confuse|misread|misheard); i would(?:n't| not) put;
i(?:'m| am) (?:of another|not of) (?:mind|opinion); never (?:was|were|happened|said);
it(?:'s| is| was) (?:more|nothing) like; that(?:'s| is) (?:wrong|mistaken|false|a myth)
"""

AGAINST_FIRST = "no; nah; nope; not really; hardly; but; actually; i'd rather; never"

WITH = r"""
(?<!n't |not |hardly )(?:agree|agreed); (?:good|fair|have a) point; fair enough; amen;
you(?:'re| are) (?:(?!not|never)[\w']+ ){0,2}right; (?<!not |n't )(?:quite |so |very |that's )true;
couldn't agree more; same here; me too; my (?:thoughts|view|feeling); argument from me; think so too;
as you say; i'm with you; quite so; likewise; right you are; couldn't have (?:said|put); can't argue;
that makes sense; i feel the same; out of my mouth; (?:so|neither) (?:do|did|am|would|have) i;
think alike; just what i (?:think|thought|meant|say); nothing to add;
(?:i've|i have|i) always (?:said|thought) (?:so|that); spot on; bang on; dead right;
that(?:'s| is) right; my (?:\w+ )?(?:impression|opinion|thought|experience) too;
nothing (?:else )?to say against; you said it; hear,? hear; very much so; without a doubt;
it is (?:so|true|as you say);
i (?:\w+ )?(?:thought|think|felt|feel|noticed|saw|heard|believe|do|did) (?:so|that|it) (?:too|as well)
"""

WITH_FIRST = (
    "exactly; precisely; yes; yeah; yep; aye; true; indeed; absolutely; definitely; totally; of course; right"
)

ANSWERING_FIRST = """
because; since you ask; to answer; (?:it's|that's|that is|mostly) because; the (?:answer|reason);
it (?:means|depends); it's called; as for your question
"""

ANSWERING = """
because; it means; you ask(?:ed)?; the short version; in short; if you must know; to be precise
"""

ASKING = "tell me (?:about|how|why|what|more); i wonder; what do you think; do you know"

# Words of a person to a persona. `INTENSE` stands for an intensifier.

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
THREATENS = r"""
i(?:'ll| will|'m going to| am going to|'m gonna| am gonna) (?:(?!never|not)\w+ ){0,2}(?:kill|hurt|
hit|punch|stab|strangle|destroy|delete|erase|smash|burn|slap) (?:you|u)(?! a (?:line|message));
kill yourself; kys; go die; drop dead;
(?:i )?(?:hope|wish|want) (?:that )?you(?: to|'d| would)? die;
you(?:'re| are) dead(?! right| wrong| on| tired);
(?:better )?watch your back; you(?:'ll| will) (?:regret|pay for|be sorry for) (?:this|that|it);
you deserve to die; i know where you live
"""
"""Threats and death wishes."""
RUDE = r"""
you(?:'re| are|r)? INTENSE(?:annoying|boring|lazy|rude|slow|broken bot|bad bot|dull|tiresome|tedious|silly|
childish|ridiculous|no help|no use); bad bot; nobody asked you; nobody asked; leave me alone;
you suck; you bore me; i(?:'m| am) (?:so )?(?:sick|tired|fed up) (?:of|with) (?:you|this); who asked; be quiet
"""
"""Rude words, milder than insults."""
PRAISE_OF_YOU = r"""
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
