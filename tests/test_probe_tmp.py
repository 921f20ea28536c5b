from tests.test_cogs import *
async def test_probe(discord_world):
    w=discord_world
    await w.mira.send(w.channel, f"{w.me} what do you think?")
    print(w.prompt.messages, w.client.user.name, w.guild.me, [ (r.method,r.path,r.json) for r in w.env.http_requests])
    print(w.client.intents, w.client.guilds, w.app.schedule.names, w.client.get_guild(w.guild.id).me)
    print(w.env.transcript()[:3000])
