-- A database of schema 0011, as commit 6ae8840 made it, for test_old_database.py.
-- Made by playing on that commit's in-memory Discord (tests/staged.py, `company`): Mira and Tom, both invented, let
-- Pixel, Onyx and Ruby remember facts, set reminders, were answered and passed over for several reasons, talked until
-- old talk was summed up, and one remark came unasked; at last Discord failed while a reply was being said.
-- Written out by sqlite3's iterdump. What that program showed of it stands in old_database.json.
BEGIN TRANSACTION;
CREATE TABLE affinities (
	character VARCHAR(64) NOT NULL, 
	other VARCHAR(64) NOT NULL, 
	value FLOAT NOT NULL, 
	stage VARCHAR(16) DEFAULT '' NOT NULL, 
	CONSTRAINT pk_affinities PRIMARY KEY (character, other), 
	CONSTRAINT ck_affinities_value CHECK (value BETWEEN -10 AND 10)
)
 WITHOUT ROWID

;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0011');
CREATE TABLE archive (
	id BIGINT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	guild_id BIGINT, 
	person_id BIGINT NOT NULL, 
	author_id BIGINT NOT NULL, 
	author_name VARCHAR(200) NOT NULL, 
	text TEXT NOT NULL, 
	sent_at BIGINT NOT NULL, 
	mine BOOLEAN NOT NULL, 
	reply_to BIGINT, 
	character VARCHAR(64) NOT NULL, cast_id BIGINT, 
	CONSTRAINT pk_archive PRIMARY KEY (channel_id, id)
)
 WITHOUT ROWID

;
CREATE TABLE attendances (
	channel_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	present BOOLEAN NOT NULL, 
	CONSTRAINT pk_attendances PRIMARY KEY (channel_id, character)
)
 WITHOUT ROWID

;
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	actor_id BIGINT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	guild_id BIGINT NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	detail VARCHAR(200) NOT NULL, entity VARCHAR(16), "key" JSON, person_id BIGINT, "before" JSON, "after" JSON, undoes BIGINT, 
	CONSTRAINT pk_audit PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,'2026-01-01 00:04:11.953574',1456074443980800049,1456074443980800047,1456074443980800042,'set chance','1456074443980800047: 0',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(2,'2026-01-01 00:04:42.953574',1456074443980800049,1456074443980800047,1456074443980800042,'set active','1456074443980800047: 0',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(3,'2026-01-01 00:05:13.953574',1456074443980800049,1456074443980800047,1456074443980800042,'set active','1456074443980800047: 1',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(4,'2026-01-01 00:05:13.953574',1456074443980800049,1456074443980800047,1456074443980800042,'set chance','1456074443980800047: 1',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(5,'2026-01-01 00:11:25.953574',1456074443980800049,1456074443980800047,1456074443980800042,'initiative','1456074443980800047: on',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE bond_changes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	at BIGINT NOT NULL, 
	metric VARCHAR(16) NOT NULL, 
	change INTEGER NOT NULL, 
	cause VARCHAR(100) NOT NULL, 
	message_id BIGINT, 
	channel_id BIGINT, 
	disputed_at BIGINT
);
INSERT INTO "bond_changes" VALUES(1,1456074443980800045,'pixel',1767225631000000,'formality',1,'you wrote more formally',1456074574004224000,1456074443980800047,NULL);
INSERT INTO "bond_changes" VALUES(2,1456074443980800045,'pixel',1767226037953574,'rapport',1,'you keep coming by',1456076280888819712,1456075890818547712,NULL);
INSERT INTO "bond_changes" VALUES(3,1456074443980800045,'pixel',1767226192953574,'stage',0,'developing rapport',1456076931005939712,1456075890818547712,NULL);
CREATE TABLE bonds (
	user_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	changed_at BIGINT NOT NULL, 
	talked_at BIGINT NOT NULL, 
	anger INTEGER NOT NULL, 
	rapport INTEGER NOT NULL, 
	trust INTEGER NOT NULL, 
	formality INTEGER NOT NULL, 
	exchanges INTEGER NOT NULL, 
	stage VARCHAR(32) NOT NULL, 
	kind VARCHAR(32), 
	CONSTRAINT pk_bonds PRIMARY KEY (user_id, character), 
	CONSTRAINT ck_bonds_anger CHECK (anger BETWEEN 0 AND 10), 
	CONSTRAINT ck_bonds_rapport CHECK (rapport BETWEEN 0 AND 10), 
	CONSTRAINT ck_bonds_trust CHECK (trust BETWEEN 0 AND 10), 
	CONSTRAINT ck_bonds_formality CHECK (formality BETWEEN -5 AND 5)
)
 WITHOUT ROWID

;
INSERT INTO "bonds" VALUES(1456074443980800045,'onyx',1767225662000000,1767225662000000,0,2,2,0,1,'initial connection',NULL);
INSERT INTO "bonds" VALUES(1456074443980800045,'pixel',1767225631000000,1767226285953574,0,3,2,1,13,'developing rapport',NULL);
INSERT INTO "bonds" VALUES(1456074443980800045,'ruby',1767225665953574,1767225696953574,0,2,2,0,2,'initial connection',NULL);
CREATE TABLE bot_replies (
	channel_id BIGINT NOT NULL, 
	bot_id BIGINT NOT NULL, 
	replies INTEGER NOT NULL, 
	in_vain INTEGER NOT NULL, 
	replied_at DATETIME, 
	CONSTRAINT pk_bot_replies PRIMARY KEY (channel_id, bot_id)
);
INSERT INTO "bot_replies" VALUES(1456074443980800047,1456074443980800050,0,0,'2026-01-01 00:03:40.953574');
CREATE TABLE calls (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	purpose VARCHAR(32) NOT NULL, 
	model VARCHAR(200) NOT NULL, 
	outcome VARCHAR(32) NOT NULL, 
	seconds DOUBLE NOT NULL, 
	input_tokens INTEGER, 
	output_tokens INTEGER, 
	cache_read_tokens INTEGER NOT NULL, 
	cache_write_5m_tokens INTEGER NOT NULL, 
	cache_write_1h_tokens INTEGER NOT NULL, 
	cost DOUBLE, 
	user_id BIGINT, 
	channel_id BIGINT, 
	CONSTRAINT pk_calls PRIMARY KEY (id)
);
INSERT INTO "calls" VALUES(1,'2026-01-01 00:00:31.000000','reply','claude-sonnet-5-5','ok',0.0,625,5,0,0,0,0.001,1456074443980800045,1456074443980800047);
INSERT INTO "calls" VALUES(2,'2026-01-01 00:01:02.000000','reply','claude-sonnet-5-5','ok',0.0,1581,5,0,0,0,0.001,1456074443980800045,1456074443980800047);
INSERT INTO "calls" VALUES(3,'2026-01-01 00:01:05.953574','reply','claude-sonnet-5-5','ok',0.0,586,5,0,0,0,0.001,1456074443980800045,1456074443980800047);
INSERT INTO "calls" VALUES(4,'2026-01-01 00:01:36.953574','vote','m','ok',0.0,482,5,0,0,0,0.001,1456074443980800045,1456074443980800047);
INSERT INTO "calls" VALUES(5,'2026-01-01 00:01:36.953574','reply','claude-sonnet-5-5','ok',0.0,653,5,0,0,0,0.001,1456074443980800045,1456074443980800047);
INSERT INTO "calls" VALUES(6,'2026-01-01 00:02:07.953574','vote','m','ok',0.0,501,5,0,0,0,0.001,1456074443980800046,1456074443980800047);
INSERT INTO "calls" VALUES(7,'2026-01-01 00:03:40.953574','reply','claude-sonnet-5-5','ok',0.0,720,5,0,0,0,0.001,1456074443980800050,1456074443980800047);
INSERT INTO "calls" VALUES(8,'2026-01-01 00:05:44.953574','reply','claude-sonnet-5-5','ok',0.0,667,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(9,'2026-01-01 00:06:15.953574','reply','claude-sonnet-5-5','ok',0.0,802,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(10,'2026-01-01 00:06:15.953574','reply','claude-sonnet-5-5','ok',0.0,830,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(11,'2026-01-01 00:06:46.953574','reply','claude-sonnet-5-5','ok',0.0,888,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(12,'2026-01-01 00:06:46.953574','reply','claude-sonnet-5-5','ok',0.0,916,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(13,'2026-01-01 00:07:17.953574','reply','claude-sonnet-5-5','ok',0.0,974,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(14,'2026-01-01 00:07:17.953574','reply','claude-sonnet-5-5','ok',0.0,1002,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(15,'2026-01-01 00:07:48.953574','reply','claude-sonnet-5-5','ok',0.0,1079,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(16,'2026-01-01 00:07:48.953574','reply','claude-sonnet-5-5','ok',0.0,1107,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(17,'2026-01-01 00:08:19.953574','reply','claude-sonnet-5-5','ok',0.0,1165,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(18,'2026-01-01 00:08:19.953574','reply','claude-sonnet-5-5','ok',0.0,1193,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(19,'2026-01-01 00:08:50.953574','reply','claude-sonnet-5-5','ok',0.0,1251,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(20,'2026-01-01 00:08:50.953574','reply','claude-sonnet-5-5','ok',0.0,1279,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(21,'2026-01-01 00:08:50.953574','summary','claude-sonnet-5-5','ok',0.0,1267,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(22,'2026-01-01 00:09:21.953574','reply','claude-sonnet-5-5','ok',0.0,990,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(23,'2026-01-01 00:09:52.953574','reply','claude-sonnet-5-5','ok',0.0,1145,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(24,'2026-01-01 00:09:52.953574','reply','claude-sonnet-5-5','ok',0.0,1173,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(25,'2026-01-01 00:10:23.953574','reply','claude-sonnet-5-5','ok',0.0,1231,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(26,'2026-01-01 00:10:23.953574','reply','claude-sonnet-5-5','ok',0.0,1260,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(27,'2026-01-01 00:10:54.953574','reply','claude-sonnet-5-5','ok',0.0,1317,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(28,'2026-01-01 00:10:54.953574','reply','claude-sonnet-5-5','ok',0.0,1346,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(29,'2026-01-01 00:10:54.953574','summary','claude-sonnet-5-5','ok',0.0,1267,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(30,'2026-01-01 00:11:25.953574','reply','claude-sonnet-5-5','ok',0.0,1057,5,0,0,0,0.001,1456074443980800045,1456075890818547712);
INSERT INTO "calls" VALUES(31,'2026-01-01 00:12:01.507421','vote','m','ok',0.0,535,5,0,0,0,0.001,1456074443980800045,1456074443980800047);
INSERT INTO "calls" VALUES(32,'2026-01-01 00:57:00.000000','vote','m','ok',0.0,593,5,0,0,0,0.001,NULL,1456074443980800047);
INSERT INTO "calls" VALUES(33,'2026-01-01 00:57:00.000000','reply','claude-sonnet-5-5','ok',0.0,776,5,0,0,0,0.001,NULL,1456074443980800047);
INSERT INTO "calls" VALUES(34,'2026-01-01 00:57:31.000000','reply','claude-sonnet-5-5','ok',0.0,815,5,0,0,0,0.001,1456074443980800045,1456074443980800047);
CREATE TABLE cast_members (
	character VARCHAR(64) NOT NULL, 
	cast_id BIGINT NOT NULL, 
	CONSTRAINT pk_cast_members PRIMARY KEY (character, cast_id), 
	CONSTRAINT fk_cast_members_cast_id_casts FOREIGN KEY(cast_id) REFERENCES casts (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "cast_members" VALUES('onyx',1);
INSERT INTO "cast_members" VALUES('pixel',1);
INSERT INTO "cast_members" VALUES('pixel',2);
INSERT INTO "cast_members" VALUES('ruby',1);
CREATE TABLE casts (
	id INTEGER NOT NULL, 
	members TEXT NOT NULL, 
	CONSTRAINT pk_casts PRIMARY KEY (id), 
	CONSTRAINT uq_casts_members UNIQUE (members)
);
INSERT INTO "casts" VALUES(1,'onyx pixel ruby');
INSERT INTO "casts" VALUES(2,'pixel');
CREATE TABLE channels (
	id BIGINT NOT NULL, 
	place VARCHAR(16) NOT NULL, 
	guild_id BIGINT, 
	name VARCHAR(200) NOT NULL, 
	guild_name VARCHAR(200) NOT NULL, 
	watermark BIGINT NOT NULL, 
	unsendable_until DATETIME, 
	refusals INTEGER NOT NULL, archive_version INTEGER DEFAULT '0' NOT NULL, chosen VARCHAR(64), note TEXT, note_by BIGINT, note_depth INTEGER DEFAULT '0' NOT NULL, speaks_first BOOLEAN DEFAULT '0' NOT NULL, parent_id BIGINT, age_restricted BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_channels PRIMARY KEY (id)
);
INSERT INTO "channels" VALUES(1456074443980800047,'guild',1456074443980800042,'general','The Guild',1456088918523904000,NULL,0,0,NULL,NULL,NULL,0,1,NULL,0);
INSERT INTO "channels" VALUES(1456075890818547712,'dm',NULL,'','',1456077321076211712,NULL,0,0,NULL,NULL,NULL,0,0,NULL,0);
CREATE TABLE claims (
	message_id BIGINT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	claimed_at DATETIME NOT NULL, 
	open BOOLEAN NOT NULL, 
	reason VARCHAR(64), 
	turn_id INTEGER, author_id BIGINT DEFAULT '0' NOT NULL, decided_at DATETIME, trace JSON, 
	CONSTRAINT pk_claims PRIMARY KEY (message_id), 
	CONSTRAINT fk_claims_turn_id_turns FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE SET NULL
);
INSERT INTO "claims" VALUES(1456074574004224000,1456074443980800047,'2026-01-01 00:00:31.000000',0,'called by name',1,1456074443980800045,'2026-01-01 00:00:31.000000','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}, {"rule": "mentioned", "remark": ""}, {"rule": "replied_to", "remark": ""}, {"rule": "named", "remark": ""}], "addressees": [1456074443980800001], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456074704027648000,1456074443980800047,'2026-01-01 00:01:02.000000',0,'called by name',2,1456074443980800045,'2026-01-01 00:01:02.000000','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}, {"rule": "mentioned", "remark": ""}, {"rule": "replied_to", "remark": ""}, {"rule": "named", "remark": ""}], "addressees": [1456074443980800001], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [3], "lore": []}');
INSERT INTO "claims" VALUES(1456074850631155712,1456074443980800047,'2026-01-01 00:01:36.953574',0,'voted to join in',4,1456074443980800045,'2026-01-01 00:01:36.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}, {"rule": "mentioned", "remark": ""}, {"rule": "replied_to", "remark": ""}, {"rule": "named", "remark": ""}, {"rule": "others_addressed", "remark": ""}, {"rule": "spared", "remark": ""}, {"rule": "chatter", "remark": "1.00 of 0.30: follow-up, room, question"}, {"rule": "by_chance", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": ["yes"], "seconds": 0.0, "cost": 0.001, "signal": "", "recalled": [], "lines": [], "known": [], "lore": []}');
INSERT INTO "claims" VALUES(1456074980654579712,1456074443980800047,'2026-01-01 00:02:07.953574',0,'voted to keep quiet',NULL,1456074443980800046,'2026-01-01 00:02:07.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}, {"rule": "mentioned", "remark": ""}, {"rule": "replied_to", "remark": ""}, {"rule": "named", "remark": ""}, {"rule": "others_addressed", "remark": ""}, {"rule": "spared", "remark": ""}, {"rule": "chatter", "remark": "0.80 of 0.30: room, question"}, {"rule": "by_chance", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": ["no"], "seconds": 0.0, "cost": 0.001, "signal": "", "recalled": [], "lines": [], "known": [], "lore": []}');
INSERT INTO "claims" VALUES(1456075110678003712,1456074443980800047,'2026-01-01 00:02:38.953574',0,'small talk that needs no answer',NULL,1456074443980800046,'2026-01-01 00:02:38.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}, {"rule": "mentioned", "remark": ""}, {"rule": "replied_to", "remark": ""}, {"rule": "named", "remark": ""}, {"rule": "others_addressed", "remark": ""}, {"rule": "spared", "remark": ""}, {"rule": "chatter", "remark": "0.00 of 0.30: others'' talk, small talk"}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [], "lore": []}');
INSERT INTO "claims" VALUES(1456075240701427712,1456074443980800047,'2026-01-01 00:03:09.953574',0,'somebody else is addressed',NULL,1456074443980800046,'2026-01-01 00:03:09.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}, {"rule": "mentioned", "remark": ""}, {"rule": "replied_to", "remark": ""}, {"rule": "named", "remark": ""}, {"rule": "others_addressed", "remark": ""}], "addressees": [1456074443980800045], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [], "lore": []}');
INSERT INTO "claims" VALUES(1456075370724851712,1456074443980800047,'2026-01-01 00:03:40.953574',0,'called by name',5,1456074443980800050,'2026-01-01 00:03:40.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": "0 of 1 replies"}, {"rule": "tired", "remark": "0 of 12 spent"}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}, {"rule": "mentioned", "remark": ""}, {"rule": "replied_to", "remark": ""}, {"rule": "named", "remark": ""}], "addressees": [1456074443980800001], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456075500748275712,1456074443980800047,'2026-01-01 00:04:11.953574',0,'answered this bot often enough',NULL,1456074443980800050,'2026-01-01 00:04:11.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": "1 of 1 replies"}], "addressees": [1456074443980800001], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [], "lore": []}');
INSERT INTO "claims" VALUES(1456075630771699712,1456074443980800047,'2026-01-01 00:04:42.953574',0,'chance decided against it',NULL,1456074443980800045,'2026-01-01 00:04:42.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}, {"rule": "mentioned", "remark": ""}, {"rule": "replied_to", "remark": ""}, {"rule": "named", "remark": ""}, {"rule": "others_addressed", "remark": ""}, {"rule": "spared", "remark": ""}, {"rule": "chatter", "remark": "1.00 of 0.30: follow-up, room, question"}, {"rule": "by_chance", "remark": "0.03 is not below 0.00"}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [], "lore": []}');
INSERT INTO "claims" VALUES(1456075760795123712,1456074443980800047,'2026-01-01 00:05:13.953574',0,'switched off here',NULL,1456074443980800045,'2026-01-01 00:05:13.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}], "addressees": [1456074443980800001], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [], "lore": []}');
INSERT INTO "claims" VALUES(1456075890818547713,1456075890818547712,'2026-01-01 00:05:44.953574',0,'direct message',6,1456074443980800045,'2026-01-01 00:05:44.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456076020841971712,1456075890818547712,'2026-01-01 00:06:15.953574',0,'direct message',7,1456074443980800045,'2026-01-01 00:06:15.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456076150865395712,1456075890818547712,'2026-01-01 00:06:46.953574',0,'direct message',8,1456074443980800045,'2026-01-01 00:06:46.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456076280888819712,1456075890818547712,'2026-01-01 00:07:17.953574',0,'direct message',9,1456074443980800045,'2026-01-01 00:07:17.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456076410912243712,1456075890818547712,'2026-01-01 00:07:48.953574',0,'direct message',10,1456074443980800045,'2026-01-01 00:07:48.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456076540935667712,1456075890818547712,'2026-01-01 00:08:19.953574',0,'direct message',11,1456074443980800045,'2026-01-01 00:08:19.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456076670959091712,1456075890818547712,'2026-01-01 00:08:50.953574',0,'direct message',12,1456074443980800045,'2026-01-01 00:08:50.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456076800982515712,1456075890818547712,'2026-01-01 00:09:21.953574',0,'direct message',13,1456074443980800045,'2026-01-01 00:09:21.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456076931005939712,1456075890818547712,'2026-01-01 00:09:52.953574',0,'direct message',14,1456074443980800045,'2026-01-01 00:09:52.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456077061029363712,1456075890818547712,'2026-01-01 00:10:23.953574',0,'direct message',15,1456074443980800045,'2026-01-01 00:10:23.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456077191052787712,1456075890818547712,'2026-01-01 00:10:54.953574',0,'direct message',16,1456074443980800045,'2026-01-01 00:10:54.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456077321076211712,1456075890818547712,'2026-01-01 00:11:25.953574',0,'direct message',17,1456074443980800045,'2026-01-01 00:11:25.953574','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
INSERT INTO "claims" VALUES(1456077470200496128,1456074443980800047,'2026-01-01 00:12:01.507421',0,'voted to keep quiet',NULL,1456074443980800045,'2026-01-01 00:12:01.507421','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}, {"rule": "mentioned", "remark": ""}, {"rule": "replied_to", "remark": ""}, {"rule": "named", "remark": ""}, {"rule": "others_addressed", "remark": ""}, {"rule": "spared", "remark": ""}, {"rule": "chatter", "remark": "0.73 of 0.30: follow-up, question"}, {"rule": "by_chance", "remark": ""}], "addressees": [], "asked_who": false, "waits": [], "votes": ["no"], "seconds": 0.0, "cost": 0.001, "signal": "", "recalled": [], "lines": [], "known": [], "lore": []}');
INSERT INTO "claims" VALUES(1456088918523904000,1456074443980800047,'2026-01-01 00:57:31.000000',0,'called by name',19,1456074443980800045,'2026-01-01 00:57:31.000000','{"steps": [{"rule": "itself", "remark": ""}, {"rule": "forbidden", "remark": ""}, {"rule": "empty", "remark": ""}, {"rule": "stale", "remark": ""}, {"rule": "paid_for", "remark": ""}, {"rule": "age_gate", "remark": ""}, {"rule": "often_enough", "remark": ""}, {"rule": "tired", "remark": ""}, {"rule": "answered", "remark": ""}, {"rule": "taken", "remark": ""}, {"rule": "private", "remark": ""}, {"rule": "mentioned", "remark": ""}, {"rule": "replied_to", "remark": ""}, {"rule": "named", "remark": ""}], "addressees": [1456074443980800001], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0, "signal": "", "recalled": [], "lines": [], "known": [1, 2], "lore": []}');
CREATE TABLE conflicts (
	one VARCHAR(64) NOT NULL, 
	other VARCHAR(64) NOT NULL, 
	topic VARCHAR(100) NOT NULL, 
	severity FLOAT NOT NULL, 
	at DATETIME NOT NULL, 
	message_id BIGINT NOT NULL, 
	CONSTRAINT pk_conflicts PRIMARY KEY (one, other, topic), 
	CONSTRAINT ck_conflicts_severity CHECK (severity BETWEEN 0 AND 1)
)
 WITHOUT ROWID

;
CREATE TABLE "consents" (
	person_id BIGINT NOT NULL, 
	given BOOLEAN, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_consents PRIMARY KEY (person_id)
);
INSERT INTO "consents" VALUES(1456074443980800045,1,'2026-01-01 00:00:00.000000');
INSERT INTO "consents" VALUES(1456074443980800046,1,'2026-01-01 00:00:00.000000');
CREATE TABLE cues (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	channel_id BIGINT NOT NULL, 
	message_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	reason VARCHAR(64) NOT NULL, 
	made_at DATETIME NOT NULL, 
	delay FLOAT NOT NULL, 
	chain INTEGER NOT NULL, 
	scene_id BIGINT, 
	open BOOLEAN NOT NULL, 
	turn_id BIGINT, 
	ended VARCHAR(64), 
	kind VARCHAR(16), 
	trace JSON, 
	CONSTRAINT fk_cues_channel_id_channels FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE, 
	CONSTRAINT fk_cues_scene_id_scenes FOREIGN KEY(scene_id) REFERENCES scenes (id) ON DELETE CASCADE, 
	CONSTRAINT fk_cues_turn_id_turns FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE SET NULL
);
INSERT INTO "cues" VALUES(1,1456074443980800047,1456074704027648000,'ruby','named','2026-01-01 00:01:02.000000',3.95357352044144505498e+00,0,NULL,0,3,'spoke',NULL,'{"steps": [], "addressees": [], "asked_who": false, "waits": [], "votes": [], "seconds": 0.0, "cost": 0.0, "signal": "", "recalled": [], "lines": [], "known": [], "lore": []}');
CREATE TABLE day_spending (
	day VARCHAR(10) NOT NULL, 
	payer VARCHAR(64) NOT NULL, 
	nanodollars BIGINT NOT NULL, 
	tokens BIGINT NOT NULL, 
	held_nanodollars BIGINT NOT NULL, 
	held_tokens BIGINT NOT NULL, 
	level INTEGER NOT NULL, 
	told BOOLEAN NOT NULL, 
	CONSTRAINT pk_day_spending PRIMARY KEY (day, payer)
);
CREATE TABLE encounters (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	speaker VARCHAR(64) NOT NULL, 
	other VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	at DATETIME NOT NULL, 
	channel_id BIGINT NOT NULL, 
	message_id BIGINT NOT NULL, 
	change FLOAT NOT NULL, 
	back FLOAT NOT NULL, 
	milestone VARCHAR(64), 
	reverted_at DATETIME
);
CREATE TABLE fact_changes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	batch BIGINT NOT NULL, 
	memory_id BIGINT NOT NULL, 
	person_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	at BIGINT NOT NULL, 
	cause VARCHAR(64) NOT NULL, 
	"before" JSON
);
INSERT INTO "fact_changes" VALUES(1,1,1,1456074443980800045,'pixel',1767225600000000,'told',NULL);
INSERT INTO "fact_changes" VALUES(2,2,2,1456074443980800045,'pixel',1767225600000000,'told',NULL);
INSERT INTO "fact_changes" VALUES(3,3,1,1456074443980800045,'pixel',1767225600000000,'edited','{"text": "I like green tea"}');
INSERT INTO "fact_changes" VALUES(4,4,2,1456074443980800045,'pixel',1767225600000000,'pinned','{"pinned": false}');
INSERT INTO "fact_changes" VALUES(5,5,3,1456074443980800045,'onyx',1767225600000000,'told',NULL);
INSERT INTO "fact_changes" VALUES(6,6,3,1456074443980800045,'onyx',1767225600000000,'shared: everywhere','{"scope": "channel"}');
INSERT INTO "fact_changes" VALUES(7,7,4,1456074443980800046,'pixel',1767225600000000,'told',NULL);
CREATE TABLE fact_sources (
	message_id BIGINT NOT NULL, 
	memory_id BIGINT NOT NULL, 
	CONSTRAINT pk_fact_sources PRIMARY KEY (message_id, memory_id)
)
 WITHOUT ROWID

;
CREATE TABLE facts (
	id BIGINT NOT NULL, 
	person_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	scope VARCHAR(16) NOT NULL, 
	channel_id BIGINT, 
	guild_id BIGINT, 
	origin VARCHAR(16) NOT NULL, 
	made_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	quote TEXT NOT NULL, 
	sources JSON NOT NULL, 
	pinned BOOLEAN NOT NULL, 
	kept BOOLEAN NOT NULL, 
	category VARCHAR(16) NOT NULL, 
	tags JSON NOT NULL, 
	first_at BIGINT NOT NULL, 
	last_at BIGINT NOT NULL, 
	mentions INTEGER NOT NULL, 
	subject VARCHAR(80) NOT NULL, 
	for_all BOOLEAN NOT NULL, 
	ended_at BIGINT, 
	superseded_by BIGINT, 
	CONSTRAINT pk_facts PRIMARY KEY (person_id, character, id), 
	CONSTRAINT ck_facts_scope CHECK (scope IN ('dm', 'channel', 'guild', 'everywhere')), 
	CONSTRAINT ck_facts_mentions CHECK (mentions >= 1)
)
 WITHOUT ROWID

;
INSERT INTO "facts" VALUES(3,1456074443980800045,'onyx',1,'I own an anvil','everywhere',1456074443980800047,1456074443980800042,'told',1767225600000000,1767225600000000,'','[]',0,1,'','[]',1767225600000000,1767225600000000,1,'',0,NULL,NULL);
INSERT INTO "facts" VALUES(1,1456074443980800045,'pixel',1,'I like black tea','channel',1456074443980800047,1456074443980800042,'told',1767225600000000,1767225600000000,'','[]',0,1,'','[]',1767225600000000,1767225600000000,1,'',0,NULL,NULL);
INSERT INTO "facts" VALUES(2,1456074443980800045,'pixel',2,'My cat is called Biscuit','channel',1456074443980800047,1456074443980800042,'told',1767225600000000,1767225600000000,'','[]',1,1,'','[]',1767225600000000,1767225600000000,1,'',0,NULL,NULL);
INSERT INTO "facts" VALUES(4,1456074443980800046,'pixel',1,'I play the cello','channel',1456074443980800047,1456074443980800042,'told',1767225600000000,1767225600000000,'','[]',0,1,'','[]',1767225600000000,1767225600000000,1,'',0,NULL,NULL);
CREATE TABLE feelings (
	character VARCHAR(64) NOT NULL, 
	at BIGINT NOT NULL, 
	talked_at BIGINT NOT NULL, 
	deviations JSON NOT NULL, 
	shift JSON NOT NULL, 
	lately JSON NOT NULL, 
	CONSTRAINT pk_feelings PRIMARY KEY (character)
);
INSERT INTO "feelings" VALUES('pixel',1767226285953574,1767226285953574,'{"dopamine": 0.1341877731624257, "serotonin": 0.04591755143774467, "cortisol": 0.011834420473645529, "adrenaline": -0.015984387773094355, "melatonin": 0.038631761230400574, "estrogen": 0.0, "testosterone": 0.0}','{"dopamine": -0.063, "serotonin": -0.0485, "cortisol": -0.0125, "adrenaline": -0.01}','{"mention": "2026-01-01T00:11:25.953574+00:00", "night": "2026-01-01T00:11:25.953574+00:00"}');
INSERT INTO "feelings" VALUES('onyx',1767225662000000,1767225662000000,'{"dopamine": 0.06437615157529836, "serotonin": -0.0175, "cortisol": 0.0125, "adrenaline": 0.014000000000000012, "melatonin": 0.013999999999999957, "estrogen": 0.0, "testosterone": 0.0}','{"dopamine": -0.0045, "serotonin": 0.0175, "cortisol": -0.0125, "adrenaline": -0.034, "melatonin": 0.016}','{"mention": "2026-01-01T00:01:02+00:00", "night": "2026-01-01T00:01:02+00:00"}');
INSERT INTO "feelings" VALUES('ruby',1767225696953574,1767225696953574,'{"dopamine": 0.055634230973993226, "serotonin": -0.007979308299181918, "cortisol": 0.0, "adrenaline": -0.03224512526103357, "melatonin": 0.03841395744509701, "estrogen": 0.0, "testosterone": 0.0}','{"dopamine": 0.005, "serotonin": 0.008, "adrenaline": 0.012, "melatonin": -0.008}','{"mention": "2026-01-01T00:01:36.953574+00:00", "night": "2026-01-01T00:01:36.953574+00:00"}');
CREATE TABLE global_state (
	"key" VARCHAR(100) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_global_state PRIMARY KEY ("key")
);
INSERT INTO "global_state" VALUES('daily_mood_anger pixel','1');
INSERT INTO "global_state" VALUES('daily_mood_joy pixel','2');
INSERT INTO "global_state" VALUES('daily_mood_sadness pixel','4');
INSERT INTO "global_state" VALUES('daily_mood_energy pixel','5');
INSERT INTO "global_state" VALUES('daily_mood_day pixel','2026-11-21');
INSERT INTO "global_state" VALUES('daily_mood_anger onyx','1');
INSERT INTO "global_state" VALUES('daily_mood_joy onyx','5');
INSERT INTO "global_state" VALUES('daily_mood_sadness onyx','1');
INSERT INTO "global_state" VALUES('daily_mood_energy onyx','3');
INSERT INTO "global_state" VALUES('daily_mood_day onyx','2026-11-21');
INSERT INTO "global_state" VALUES('daily_mood_anger ruby','2');
INSERT INTO "global_state" VALUES('daily_mood_joy ruby','4');
INSERT INTO "global_state" VALUES('daily_mood_sadness ruby','0');
INSERT INTO "global_state" VALUES('daily_mood_energy ruby','6');
INSERT INTO "global_state" VALUES('daily_mood_day ruby','2026-11-21');
INSERT INTO "global_state" VALUES('commands of 1456074443980800000','41e1e1d8c0132b75a11dd7494c546a4e9f081b692496dc99289360407dde2d6e');
INSERT INTO "global_state" VALUES('last change of core memory','7');
INSERT INTO "global_state" VALUES('last fact','4');
INSERT INTO "global_state" VALUES('half hours in which it was rolled who speaks first','{"1456074443980800047": [981793]}');
CREATE TABLE growth (
	character VARCHAR(64) NOT NULL, 
	interactions INTEGER NOT NULL, 
	CONSTRAINT pk_growth PRIMARY KEY (character)
);
INSERT INTO "growth" VALUES('pixel',14);
INSERT INTO "growth" VALUES('onyx',1);
INSERT INTO "growth" VALUES('ruby',2);
CREATE TABLE guises (
	user_id BIGINT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	made_at DATETIME NOT NULL, 
	CONSTRAINT pk_guises PRIMARY KEY (user_id, channel_id)
)
 WITHOUT ROWID

;
CREATE TABLE "house_rules" (
	guild_id BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	target_id BIGINT NOT NULL, 
	value DOUBLE NOT NULL, 
	CONSTRAINT pk_house_rules PRIMARY KEY (guild_id, kind, target_id), 
	CONSTRAINT ck_house_rules_kind CHECK (kind IN ('active', 'chance', 'denied user', 'denied role', 'adults', 'notices'))
);
INSERT INTO "house_rules" VALUES(1456074443980800042,'chance',1456074443980800047,1.0);
INSERT INTO "house_rules" VALUES(1456074443980800042,'active',1456074443980800047,1.0);
CREATE TABLE identity_lines (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	character VARCHAR(64) NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	text TEXT NOT NULL, 
	made_by BIGINT NOT NULL, 
	made_at DATETIME NOT NULL, 
	changed_at DATETIME NOT NULL, 
	CONSTRAINT ck_identity_lines_kind CHECK (kind IN ('trait', 'lore', 'fact', 'quirk'))
);
CREATE TABLE job_runs (
	id INTEGER NOT NULL, 
	job VARCHAR(64) NOT NULL, 
	due_at DATETIME NOT NULL, 
	begun_at DATETIME NOT NULL, 
	result VARCHAR(16) NOT NULL, 
	seconds FLOAT, 
	error VARCHAR(64), 
	day DATE, 
	CONSTRAINT pk_job_runs PRIMARY KEY (id)
);
CREATE TABLE jobs (
	name VARCHAR(64) NOT NULL, 
	runs INTEGER NOT NULL, 
	failures INTEGER NOT NULL, 
	begun_at DATETIME, 
	seconds FLOAT, 
	error VARCHAR(64), 
	succeeded_at DATETIME, 
	day DATE, 
	CONSTRAINT pk_jobs PRIMARY KEY (name)
);
INSERT INTO "jobs" VALUES('say what is due',1,0,'2026-01-01 00:11:30.507421',0.0,NULL,'2026-01-01 00:11:30.507421',NULL);
CREATE TABLE lore_lines (
	character VARCHAR(64) NOT NULL, 
	book VARCHAR(200) NOT NULL, 
	uid VARCHAR(100) NOT NULL, 
	"values" JSON NOT NULL, 
	made_by BIGINT NOT NULL, 
	changed_at DATETIME NOT NULL, 
	CONSTRAINT pk_lore_lines PRIMARY KEY (character, book, uid)
)
 WITHOUT ROWID

;
CREATE TABLE messages (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id BIGINT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	author_id BIGINT NOT NULL, 
	author_name VARCHAR(200) NOT NULL, 
	text TEXT NOT NULL, 
	sent_at DATETIME NOT NULL, 
	from_bot BOOLEAN NOT NULL, 
	reply_to BIGINT, 
	turn_id INTEGER, 
	heard_through BIGINT, character VARCHAR(64), cast_id BIGINT, 
	CONSTRAINT fk_messages_channel_id_channels FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE, 
	CONSTRAINT fk_messages_turn_id_turns FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE SET NULL, 
	CONSTRAINT uq_messages_id UNIQUE (id)
);
INSERT INTO "messages" VALUES(1,1456074574004224000,1456074443980800047,1456074443980800045,'Mira','Pixel, good day!','2026-01-01 00:00:31.000000',0,NULL,NULL,NULL,NULL,1);
INSERT INTO "messages" VALUES(2,1456074574004224001,1456074443980800047,1456074443980800001,'Pixel','Good day, Mira.','2026-01-01 00:00:31.000000',1,1456074574004224000,1,1,'pixel',1);
INSERT INTO "messages" VALUES(3,1456074704027648000,1456074443980800047,1456074443980800045,'Mira','Onyx and Ruby, are you there?','2026-01-01 00:01:02.000000',0,NULL,NULL,NULL,NULL,1);
INSERT INTO "messages" VALUES(4,1456074704027648002,1456074443980800047,-12745082543128051,'Onyx','The forge is hot.','2026-01-01 00:01:02.000000',1,1456074704027648000,2,3,'onyx',1);
INSERT INTO "messages" VALUES(5,1456074720607731712,1456074443980800047,-14046140573799734,'Ruby','Ruby steals away.','2026-01-01 00:01:05.953574',1,1456074704027648000,3,4,'ruby',1);
INSERT INTO "messages" VALUES(6,1456074850631155712,1456074443980800047,1456074443980800045,'Mira','does anybody know what one could cook tonight?','2026-01-01 00:01:36.953000',0,NULL,NULL,NULL,NULL,1);
INSERT INTO "messages" VALUES(7,1456074850631155713,1456074443980800047,-14046140573799734,'Ruby','Soup is easy.','2026-01-01 00:01:36.953574',1,1456074850631155712,4,6,'ruby',1);
INSERT INTO "messages" VALUES(8,1456074980654579712,1456074443980800047,1456074443980800046,'Tom','does anyone know a good tailor around here?','2026-01-01 00:02:07.953000',0,NULL,NULL,NULL,NULL,1);
INSERT INTO "messages" VALUES(9,1456075110678003712,1456074443980800047,1456074443980800046,'Tom','lol','2026-01-01 00:02:38.953000',0,NULL,NULL,NULL,NULL,1);
INSERT INTO "messages" VALUES(10,1456075240701427712,1456074443980800047,1456074443980800046,'Tom','@Mira where are my keys?','2026-01-01 00:03:09.953000',0,NULL,NULL,NULL,NULL,1);
INSERT INTO "messages" VALUES(11,1456075370724851712,1456074443980800047,1456074443980800050,'beep','Pixel, beep?','2026-01-01 00:03:40.953000',1,NULL,NULL,NULL,NULL,1);
INSERT INTO "messages" VALUES(12,1456075370724851713,1456074443980800047,1456074443980800001,'Pixel','Beep yourself.','2026-01-01 00:03:40.953574',1,1456075370724851712,5,11,'pixel',1);
INSERT INTO "messages" VALUES(13,1456075500748275712,1456074443980800047,1456074443980800050,'beep','Pixel, beep beep?','2026-01-01 00:04:11.953000',1,NULL,NULL,NULL,NULL,1);
INSERT INTO "messages" VALUES(14,1456075630771699712,1456074443980800047,1456074443980800045,'Mira','would anybody like to see my garden, perhaps?','2026-01-01 00:04:42.953000',0,NULL,NULL,NULL,NULL,1);
INSERT INTO "messages" VALUES(15,1456075890818547713,1456075890818547712,1456074443980800045,'Mira','and what of bed number 0? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:05:44.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(16,1456075890818547714,1456075890818547712,1456074443980800001,'Pixel','Then the 0th bed needs water, and a good deal of patience besides. Then the 0th bed needs water, and a good deal of patience besides. Then the 0th bed needs water, and a good deal of patience besides.','2026-01-01 00:05:44.953574',1,1456075890818547713,6,15,'pixel',2);
INSERT INTO "messages" VALUES(17,1456076020841971712,1456075890818547712,1456074443980800045,'Mira','and what of bed number 1? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:06:15.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(18,1456076020841971713,1456075890818547712,1456074443980800001,'Pixel','Hm.','2026-01-01 00:06:15.953574',1,1456076020841971712,7,17,'pixel',2);
INSERT INTO "messages" VALUES(19,1456076150865395712,1456075890818547712,1456074443980800045,'Mira','and what of bed number 2? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:06:46.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(20,1456076150865395713,1456075890818547712,1456074443980800001,'Pixel','Hm.','2026-01-01 00:06:46.953574',1,1456076150865395712,8,19,'pixel',2);
INSERT INTO "messages" VALUES(21,1456076280888819712,1456075890818547712,1456074443980800045,'Mira','and what of bed number 3? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:07:17.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(22,1456076280888819713,1456075890818547712,1456074443980800001,'Pixel','Hm.','2026-01-01 00:07:17.953574',1,1456076280888819712,9,21,'pixel',2);
INSERT INTO "messages" VALUES(23,1456076410912243712,1456075890818547712,1456074443980800045,'Mira','and what of bed number 4? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:07:48.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(24,1456076410912243713,1456075890818547712,1456074443980800001,'Pixel','Hm.','2026-01-01 00:07:48.953574',1,1456076410912243712,10,23,'pixel',2);
INSERT INTO "messages" VALUES(25,1456076540935667712,1456075890818547712,1456074443980800045,'Mira','and what of bed number 5? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:08:19.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(26,1456076540935667713,1456075890818547712,1456074443980800001,'Pixel','Hm.','2026-01-01 00:08:19.953574',1,1456076540935667712,11,25,'pixel',2);
INSERT INTO "messages" VALUES(27,1456076670959091712,1456075890818547712,1456074443980800045,'Mira','and what of bed number 6? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:08:50.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(28,1456076670959091713,1456075890818547712,1456074443980800001,'Pixel','Hm.','2026-01-01 00:08:50.953574',1,1456076670959091712,12,27,'pixel',2);
INSERT INTO "messages" VALUES(29,1456076800982515712,1456075890818547712,1456074443980800045,'Mira','and what of bed number 7? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:09:21.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(30,1456076800982515713,1456075890818547712,1456074443980800001,'Pixel','Then the 7th bed needs water, and a good deal of patience besides. Then the 7th bed needs water, and a good deal of patience besides. Then the 7th bed needs water, and a good deal of patience besides.','2026-01-01 00:09:21.953574',1,1456076800982515712,13,29,'pixel',2);
INSERT INTO "messages" VALUES(31,1456076931005939712,1456075890818547712,1456074443980800045,'Mira','and what of bed number 8? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:09:52.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(32,1456076931005939713,1456075890818547712,1456074443980800001,'Pixel','Hm.','2026-01-01 00:09:52.953574',1,1456076931005939712,14,31,'pixel',2);
INSERT INTO "messages" VALUES(33,1456077061029363712,1456075890818547712,1456074443980800045,'Mira','and what of bed number 9? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:10:23.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(34,1456077061029363713,1456075890818547712,1456074443980800001,'Pixel','Hm.','2026-01-01 00:10:23.953574',1,1456077061029363712,15,33,'pixel',2);
INSERT INTO "messages" VALUES(35,1456077191052787712,1456075890818547712,1456074443980800045,'Mira','and what of bed number 10? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:10:54.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(36,1456077191052787713,1456075890818547712,1456074443980800001,'Pixel','Hm.','2026-01-01 00:10:54.953574',1,1456077191052787712,16,35,'pixel',2);
INSERT INTO "messages" VALUES(37,1456077321076211712,1456075890818547712,1456074443980800045,'Mira','and what of bed number 11? It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry. It is all dry.','2026-01-01 00:11:25.953000',0,NULL,NULL,NULL,NULL,2);
INSERT INTO "messages" VALUES(38,1456077321076211713,1456075890818547712,1456074443980800001,'Pixel','Then the 11th bed needs water, and a good deal of patience besides. Then the 11th bed needs water, and a good deal of patience besides. Then the 11th bed needs water, and a good deal of patience besides.','2026-01-01 00:11:25.953574',1,1456077321076211712,17,37,'pixel',2);
INSERT INTO "messages" VALUES(39,1456077470200496128,1456074443980800047,1456074443980800045,'Mira','what a rain, and could somebody close the window?','2026-01-01 00:12:01.507000',0,NULL,NULL,NULL,NULL,1);
INSERT INTO "messages" VALUES(40,1456088788500480000,1456074443980800047,1456074443980800001,'Pixel','So quiet here.','2026-01-01 00:57:00.000000',1,1456077470200496128,18,39,'pixel',1);
INSERT INTO "messages" VALUES(41,1456088918523904000,1456074443980800047,1456074443980800045,'Mira','Pixel, what is the answer?','2026-01-01 00:57:31.000000',0,NULL,NULL,NULL,NULL,1);
CREATE TABLE milestones (
	character VARCHAR(64) NOT NULL, 
	milestone INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	changes JSON, 
	reverted_at DATETIME, 
	CONSTRAINT pk_milestones PRIMARY KEY (character, milestone)
);
CREATE TABLE nicknames (
	user_id BIGINT NOT NULL, 
	guild_id BIGINT NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	first_seen DATETIME NOT NULL, 
	last_seen DATETIME NOT NULL, 
	CONSTRAINT pk_nicknames PRIMARY KEY (user_id, guild_id, name), 
	CONSTRAINT fk_nicknames_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "nicknames" VALUES(1456074443980800045,0,'Mira','2026-01-01 00:00:31.000000','2026-01-01 00:57:31.000000');
INSERT INTO "nicknames" VALUES(1456074443980800045,1456074443980800042,'Mira','2026-01-01 00:00:31.000000','2026-01-01 00:57:31.000000');
INSERT INTO "nicknames" VALUES(1456074443980800046,0,'Tom','2026-01-01 00:02:07.953574','2026-01-01 00:03:09.953574');
INSERT INTO "nicknames" VALUES(1456074443980800046,1456074443980800042,'Tom','2026-01-01 00:02:07.953574','2026-01-01 00:03:09.953574');
INSERT INTO "nicknames" VALUES(1456074443980800050,0,'beep','2026-01-01 00:03:40.953574','2026-01-01 00:04:11.953574');
INSERT INTO "nicknames" VALUES(1456074443980800050,1456074443980800042,'beep','2026-01-01 00:03:40.953574','2026-01-01 00:04:11.953574');
CREATE TABLE parts (
	turn_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	nonce VARCHAR(25) NOT NULL, 
	message_id BIGINT, 
	said_at DATETIME, todo VARCHAR(8), 
	CONSTRAINT pk_parts PRIMARY KEY (turn_id, number), 
	CONSTRAINT fk_parts_turn_id_turns FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE
);
INSERT INTO "parts" VALUES(1,1,'','r1456074574004224000.1',1456074574004224001,'2026-01-01 00:00:31.000000',NULL);
INSERT INTO "parts" VALUES(2,1,'','r1456074704027648000.1',1456074704027648002,'2026-01-01 00:01:02.000000',NULL);
INSERT INTO "parts" VALUES(3,1,'','q1.1',1456074720607731712,'2026-01-01 00:01:05.953574',NULL);
INSERT INTO "parts" VALUES(4,1,'','r1456074850631155712.1',1456074850631155713,'2026-01-01 00:01:36.953574',NULL);
INSERT INTO "parts" VALUES(5,1,'','r1456075370724851712.1',1456075370724851713,'2026-01-01 00:03:40.953574',NULL);
INSERT INTO "parts" VALUES(6,1,'','r1456075890818547713.1',1456075890818547714,'2026-01-01 00:05:44.953574',NULL);
INSERT INTO "parts" VALUES(7,1,'','r1456076020841971712.1',1456076020841971713,'2026-01-01 00:06:15.953574',NULL);
INSERT INTO "parts" VALUES(8,1,'','r1456076150865395712.1',1456076150865395713,'2026-01-01 00:06:46.953574',NULL);
INSERT INTO "parts" VALUES(9,1,'','r1456076280888819712.1',1456076280888819713,'2026-01-01 00:07:17.953574',NULL);
INSERT INTO "parts" VALUES(10,1,'','r1456076410912243712.1',1456076410912243713,'2026-01-01 00:07:48.953574',NULL);
INSERT INTO "parts" VALUES(11,1,'','r1456076540935667712.1',1456076540935667713,'2026-01-01 00:08:19.953574',NULL);
INSERT INTO "parts" VALUES(12,1,'','r1456076670959091712.1',1456076670959091713,'2026-01-01 00:08:50.953574',NULL);
INSERT INTO "parts" VALUES(13,1,'','r1456076800982515712.1',1456076800982515713,'2026-01-01 00:09:21.953574',NULL);
INSERT INTO "parts" VALUES(14,1,'','r1456076931005939712.1',1456076931005939713,'2026-01-01 00:09:52.953574',NULL);
INSERT INTO "parts" VALUES(15,1,'','r1456077061029363712.1',1456077061029363713,'2026-01-01 00:10:23.953574',NULL);
INSERT INTO "parts" VALUES(16,1,'','r1456077191052787712.1',1456077191052787713,'2026-01-01 00:10:54.953574',NULL);
INSERT INTO "parts" VALUES(17,1,'','r1456077321076211712.1',1456077321076211713,'2026-01-01 00:11:25.953574',NULL);
INSERT INTO "parts" VALUES(18,1,'','i1456077470200496128.1',1456088788500480000,'2026-01-01 00:57:00.000000',NULL);
INSERT INTO "parts" VALUES(19,1,'The answer is 42.','r1456088918523904000.1',NULL,NULL,NULL);
CREATE TABLE remarks (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	channel_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	at BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	person_id BIGINT, 
	why JSON
);
INSERT INTO "remarks" VALUES(1,1456074443980800047,'pixel',1767229020000000,'contextual',NULL,'{"steps": [{"rule": "speaks_first", "remark": "contextual; 0.22 is below 1.00"}], "addressees": [], "asked_who": false, "waits": [], "votes": ["yes"], "seconds": 0.0, "cost": 0.001, "signal": "", "recalled": [], "lines": [], "known": [], "lore": [], "of": [1456074443980800045, 1456074443980800046], "turn": 18}');
CREATE TABLE reminders (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	person_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	text TEXT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	guild_id BIGINT, 
	zone VARCHAR(64) NOT NULL, 
	due_at BIGINT NOT NULL, 
	made_at BIGINT NOT NULL, 
	month INTEGER, 
	day INTEGER, 
	source_id BIGINT, 
	CONSTRAINT ck_reminders_kind CHECK (kind IN ('reminder', 'birthday', 'date'))
);
INSERT INTO "reminders" VALUES(1,1456074443980800045,'pixel','reminder','water the ferns',1456074443980800047,1456074443980800042,'Europe/Oslo',1767243600000000,1767225600000000,NULL,NULL,NULL);
INSERT INTO "reminders" VALUES(2,1456074443980800045,'pixel','reminder','pay the piper',1456074443980800047,1456074443980800042,'Europe/Oslo',1767484800000000,1767225600000000,NULL,NULL,NULL);
INSERT INTO "reminders" VALUES(3,1456074443980800045,'pixel','birthday','',1456074443980800047,1456074443980800042,'Europe/Oslo',1777791600000000,1767225600000000,5,3,NULL);
CREATE TABLE rhythms (
	channel_id BIGINT NOT NULL, 
	hour INTEGER NOT NULL, 
	messages INTEGER NOT NULL, 
	CONSTRAINT pk_rhythms PRIMARY KEY (channel_id, hour)
)
 WITHOUT ROWID

;
INSERT INTO "rhythms" VALUES(1456074443980800047,490896,11);
CREATE TABLE scenes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	channel_id BIGINT NOT NULL, 
	members JSON NOT NULL, 
	topic TEXT NOT NULL, 
	turns INTEGER NOT NULL, 
	started_by BIGINT NOT NULL, 
	started_at DATETIME NOT NULL, 
	opened_by BIGINT NOT NULL, 
	done INTEGER NOT NULL, 
	ended_at DATETIME, 
	ended VARCHAR(64), 
	CONSTRAINT fk_scenes_channel_id_channels FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
);
CREATE TABLE seats (
	channel_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	floor BIGINT DEFAULT '0' NOT NULL, 
	head_at DATETIME, 
	head_people JSON, 
	consolidated BIGINT DEFAULT '0' NOT NULL, 
	lore JSON, 
	CONSTRAINT pk_seats PRIMARY KEY (channel_id, character), 
	CONSTRAINT fk_seats_channel_id_channels FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "seats" VALUES(1456074443980800047,'onyx',2,'2026-01-01 00:01:02.000000','[1456074443980800045]',0,'{"turn": 1, "since": [], "on": [], "off": []}');
INSERT INTO "seats" VALUES(1456074443980800047,'pixel',2,'2026-01-01 00:00:31.000000','[1456074443980800045]',0,NULL);
INSERT INTO "seats" VALUES(1456074443980800047,'ruby',2,'2026-01-01 00:01:05.953574','[1456074443980800045]',0,NULL);
INSERT INTO "seats" VALUES(1456075890818547712,'pixel',62,'2026-01-01 00:10:54.953574','[1456074443980800045]',0,NULL);
CREATE TABLE stirrings (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	character VARCHAR(64) NOT NULL, 
	at BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	person_id BIGINT, 
	channel_id BIGINT, 
	guild_id BIGINT, 
	shift JSON
);
INSERT INTO "stirrings" VALUES(1,'pixel',1795262400000000,'day',NULL,NULL,NULL,'{"dopamine": -0.063, "serotonin": -0.0485, "cortisol": -0.0125, "adrenaline": -0.01}');
INSERT INTO "stirrings" VALUES(2,'onyx',1795262400000000,'day',NULL,NULL,NULL,'{"dopamine": -0.0045, "serotonin": 0.0175, "cortisol": -0.0125, "adrenaline": -0.034, "melatonin": 0.016}');
INSERT INTO "stirrings" VALUES(3,'ruby',1795262400000000,'day',NULL,NULL,NULL,'{"dopamine": 0.005, "serotonin": 0.008, "adrenaline": 0.012, "melatonin": -0.008}');
INSERT INTO "stirrings" VALUES(4,'pixel',1767225631000000,'mention',1456074443980800045,1456074443980800047,1456074443980800042,NULL);
INSERT INTO "stirrings" VALUES(5,'pixel',1767225631000000,'night',1456074443980800045,1456074443980800047,1456074443980800042,NULL);
INSERT INTO "stirrings" VALUES(6,'onyx',1767225662000000,'mention',1456074443980800045,1456074443980800047,1456074443980800042,NULL);
INSERT INTO "stirrings" VALUES(7,'onyx',1767225662000000,'night',1456074443980800045,1456074443980800047,1456074443980800042,NULL);
INSERT INTO "stirrings" VALUES(8,'ruby',1767225665953574,'mention',1456074443980800045,1456074443980800047,1456074443980800042,NULL);
INSERT INTO "stirrings" VALUES(9,'ruby',1767225665953574,'night',1456074443980800045,1456074443980800047,1456074443980800042,NULL);
INSERT INTO "stirrings" VALUES(10,'ruby',1767225696953574,'mention',1456074443980800045,1456074443980800047,1456074443980800042,NULL);
INSERT INTO "stirrings" VALUES(11,'ruby',1767225696953574,'night',1456074443980800045,1456074443980800047,1456074443980800042,NULL);
INSERT INTO "stirrings" VALUES(12,'pixel',1767225944953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(13,'pixel',1767225944953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(14,'pixel',1767225975953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(15,'pixel',1767225975953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(16,'pixel',1767226006953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(17,'pixel',1767226006953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(18,'pixel',1767226037953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(19,'pixel',1767226037953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(20,'pixel',1767226068953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(21,'pixel',1767226068953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(22,'pixel',1767226099953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(23,'pixel',1767226099953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(24,'pixel',1767226130953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(25,'pixel',1767226130953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(26,'pixel',1767226161953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(27,'pixel',1767226161953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(28,'pixel',1767226192953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(29,'pixel',1767226192953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(30,'pixel',1767226223953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(31,'pixel',1767226223953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(32,'pixel',1767226254953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(33,'pixel',1767226254953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(34,'pixel',1767226285953574,'mention',1456074443980800045,1456075890818547712,NULL,NULL);
INSERT INTO "stirrings" VALUES(35,'pixel',1767226285953574,'night',1456074443980800045,1456075890818547712,NULL,NULL);
CREATE TABLE summaries (
	id INTEGER NOT NULL, 
	channel_id BIGINT, 
	person_id BIGINT, 
	character VARCHAR(64) NOT NULL, 
	text TEXT NOT NULL, 
	first_place BIGINT NOT NULL, 
	last_place BIGINT NOT NULL, 
	first_at DATETIME NOT NULL, 
	last_at DATETIME NOT NULL, 
	made_at DATETIME NOT NULL, 
	CONSTRAINT pk_summaries PRIMARY KEY (id)
);
INSERT INTO "summaries" VALUES(1,1456075890818547712,NULL,'pixel','They spoke of the garden, bed by bed, and that all of it is dry. They spoke of the garden, bed by bed, and that all of it is dry. They spoke of the garden, bed by bed, and that all of it is dry.',30,43,'2026-01-01 00:05:44.953000','2026-01-01 00:07:17.953574','2026-01-01 00:08:50.953574');
INSERT INTO "summaries" VALUES(2,1456075890818547712,NULL,'pixel','They spoke of the garden, bed by bed, and that all of it is dry. They spoke of the garden, bed by bed, and that all of it is dry. They spoke of the garden, bed by bed, and that all of it is dry.',46,59,'2026-01-01 00:07:48.953000','2026-01-01 00:09:21.953574','2026-01-01 00:10:54.953574');
CREATE TABLE "summary_sources" (
	message_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	summary_id BIGINT NOT NULL, 
	author_id BIGINT NOT NULL, 
	digest VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_summary_sources PRIMARY KEY (message_id, character), 
	CONSTRAINT fk_summary_sources_summary_id_summaries FOREIGN KEY(summary_id) REFERENCES summaries (id) ON DELETE CASCADE
);
INSERT INTO "summary_sources" VALUES(1456075890818547713,'pixel',1,1456074443980800045,'67fbb3791d77e5c5');
INSERT INTO "summary_sources" VALUES(1456075890818547714,'pixel',1,1456074443980800045,'3a3fc53759e5964b');
INSERT INTO "summary_sources" VALUES(1456076020841971712,'pixel',1,1456074443980800045,'a9151dd7c91f970e');
INSERT INTO "summary_sources" VALUES(1456076020841971713,'pixel',1,1456074443980800045,'2619dfd60f631db2');
INSERT INTO "summary_sources" VALUES(1456076150865395712,'pixel',1,1456074443980800045,'047e03b653e3a95b');
INSERT INTO "summary_sources" VALUES(1456076150865395713,'pixel',1,1456074443980800045,'2619dfd60f631db2');
INSERT INTO "summary_sources" VALUES(1456076280888819712,'pixel',1,1456074443980800045,'1c66e64b112d4309');
INSERT INTO "summary_sources" VALUES(1456076280888819713,'pixel',1,1456074443980800045,'2619dfd60f631db2');
INSERT INTO "summary_sources" VALUES(1456076410912243712,'pixel',2,1456074443980800045,'cb821b6f514007db');
INSERT INTO "summary_sources" VALUES(1456076410912243713,'pixel',2,1456074443980800045,'2619dfd60f631db2');
INSERT INTO "summary_sources" VALUES(1456076540935667712,'pixel',2,1456074443980800045,'76c4e50ca6d0074e');
INSERT INTO "summary_sources" VALUES(1456076540935667713,'pixel',2,1456074443980800045,'2619dfd60f631db2');
INSERT INTO "summary_sources" VALUES(1456076670959091712,'pixel',2,1456074443980800045,'d81c1fe9750bf443');
INSERT INTO "summary_sources" VALUES(1456076670959091713,'pixel',2,1456074443980800045,'2619dfd60f631db2');
INSERT INTO "summary_sources" VALUES(1456076800982515712,'pixel',2,1456074443980800045,'7cfaaaa709fcc709');
INSERT INTO "summary_sources" VALUES(1456076800982515713,'pixel',2,1456074443980800045,'04a7b8beba4aae13');
CREATE TABLE ticket_desks (
	guild_id BIGINT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	role_id BIGINT, 
	staff_channel_id BIGINT, 
	CONSTRAINT pk_ticket_desks PRIMARY KEY (guild_id)
);
CREATE TABLE tickets (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	guild_id BIGINT NOT NULL, 
	opener_id BIGINT NOT NULL, 
	opened_at BIGINT NOT NULL, 
	thread_id BIGINT, 
	closed_at BIGINT, 
	closed_by BIGINT, 
	role_id BIGINT, 
	staff_channel_id BIGINT
);
CREATE TABLE turns (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	channel_id BIGINT NOT NULL, 
	trigger_id BIGINT NOT NULL, 
	addressee_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	reason VARCHAR(64) NOT NULL, 
	heard_through BIGINT NOT NULL, 
	pledged_at DATETIME NOT NULL, 
	fallback BOOLEAN NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	settled_at DATETIME, variant INTEGER DEFAULT '1' NOT NULL, next_variant INTEGER, cast_id BIGINT, tone VARCHAR(16), register INTEGER, 
	CONSTRAINT ck_turns_state CHECK (state IN ('pledged', 'said', 'dropped')), 
	CONSTRAINT fk_turns_channel_id_channels FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
);
INSERT INTO "turns" VALUES(1,1456074443980800047,1456074574004224000,1456074443980800045,'pixel','called by name',1,'2026-01-01 00:00:31.000000',0,'said','2026-01-01 00:00:31.000000',1,NULL,1,NULL,NULL);
INSERT INTO "turns" VALUES(2,1456074443980800047,1456074704027648000,1456074443980800045,'onyx','called by name',3,'2026-01-01 00:01:02.000000',0,'said','2026-01-01 00:01:02.000000',1,NULL,1,NULL,NULL);
INSERT INTO "turns" VALUES(3,1456074443980800047,1456074704027648000,1456074443980800045,'ruby','its turn to speak',4,'2026-01-01 00:01:05.953574',0,'said','2026-01-01 00:01:05.953574',1,NULL,1,NULL,NULL);
INSERT INTO "turns" VALUES(4,1456074443980800047,1456074850631155712,1456074443980800045,'ruby','voted to join in',6,'2026-01-01 00:01:36.953574',0,'said','2026-01-01 00:01:36.953574',1,NULL,1,NULL,NULL);
INSERT INTO "turns" VALUES(5,1456074443980800047,1456075370724851712,1456074443980800050,'pixel','called by name',11,'2026-01-01 00:03:40.953574',0,'said','2026-01-01 00:03:40.953574',1,NULL,1,NULL,NULL);
INSERT INTO "turns" VALUES(6,1456075890818547712,1456075890818547713,1456074443980800045,'pixel','direct message',15,'2026-01-01 00:05:44.953574',0,'said','2026-01-01 00:05:44.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(7,1456075890818547712,1456076020841971712,1456074443980800045,'pixel','direct message',17,'2026-01-01 00:06:15.953574',0,'said','2026-01-01 00:06:15.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(8,1456075890818547712,1456076150865395712,1456074443980800045,'pixel','direct message',19,'2026-01-01 00:06:46.953574',0,'said','2026-01-01 00:06:46.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(9,1456075890818547712,1456076280888819712,1456074443980800045,'pixel','direct message',21,'2026-01-01 00:07:17.953574',0,'said','2026-01-01 00:07:17.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(10,1456075890818547712,1456076410912243712,1456074443980800045,'pixel','direct message',23,'2026-01-01 00:07:48.953574',0,'said','2026-01-01 00:07:48.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(11,1456075890818547712,1456076540935667712,1456074443980800045,'pixel','direct message',25,'2026-01-01 00:08:19.953574',0,'said','2026-01-01 00:08:19.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(12,1456075890818547712,1456076670959091712,1456074443980800045,'pixel','direct message',27,'2026-01-01 00:08:50.953574',0,'said','2026-01-01 00:08:50.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(13,1456075890818547712,1456076800982515712,1456074443980800045,'pixel','direct message',29,'2026-01-01 00:09:21.953574',0,'said','2026-01-01 00:09:21.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(14,1456075890818547712,1456076931005939712,1456074443980800045,'pixel','direct message',31,'2026-01-01 00:09:52.953574',0,'said','2026-01-01 00:09:52.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(15,1456075890818547712,1456077061029363712,1456074443980800045,'pixel','direct message',33,'2026-01-01 00:10:23.953574',0,'said','2026-01-01 00:10:23.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(16,1456075890818547712,1456077191052787712,1456074443980800045,'pixel','direct message',35,'2026-01-01 00:10:54.953574',0,'said','2026-01-01 00:10:54.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(17,1456075890818547712,1456077321076211712,1456074443980800045,'pixel','direct message',37,'2026-01-01 00:11:25.953574',0,'said','2026-01-01 00:11:25.953574',1,NULL,2,NULL,NULL);
INSERT INTO "turns" VALUES(18,1456074443980800047,1456077470200496128,0,'pixel','spoke first',39,'2026-01-01 00:57:00.000000',0,'said','2026-01-01 00:57:00.000000',1,NULL,1,NULL,NULL);
INSERT INTO "turns" VALUES(19,1456074443980800047,1456088918523904000,1456074443980800045,'pixel','called by name',41,'2026-01-01 00:57:31.000000',0,'pledged',NULL,1,NULL,1,'talk',0);
CREATE TABLE users (
	id BIGINT NOT NULL, 
	is_bot BOOLEAN NOT NULL, 
	first_seen DATETIME NOT NULL, 
	last_seen DATETIME NOT NULL, 
	premium BOOLEAN NOT NULL, zone VARCHAR(64), 
	CONSTRAINT pk_users PRIMARY KEY (id)
);
INSERT INTO "users" VALUES(1456074443980800045,0,'2026-01-01 00:00:00.000000','2026-01-01 00:57:31.000000',0,'Europe/Oslo');
INSERT INTO "users" VALUES(1456074443980800046,0,'2026-01-01 00:02:07.953574','2026-01-01 00:03:09.953574',0,NULL);
INSERT INTO "users" VALUES(1456074443980800050,1,'2026-01-01 00:03:40.953574','2026-01-01 00:04:11.953574',0,NULL);
CREATE TABLE variants (
	turn_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	parts JSON NOT NULL, 
	made_at DATETIME NOT NULL, 
	CONSTRAINT pk_variants PRIMARY KEY (turn_id, number), 
	CONSTRAINT fk_variants_turn_id_turns FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE
);
CREATE TABLE vectors (
	id INTEGER NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	owner_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	model VARCHAR(100) NOT NULL, 
	part INTEGER NOT NULL, 
	ids BLOB NOT NULL, 
	rows BLOB NOT NULL, 
	CONSTRAINT pk_vectors PRIMARY KEY (id)
);
CREATE TABLE "windows" (
	channel_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	through BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	people INTEGER NOT NULL, 
	lines INTEGER NOT NULL, 
	archived INTEGER NOT NULL, 
	added INTEGER NOT NULL, 
	reinforced INTEGER NOT NULL, 
	superseded INTEGER NOT NULL, 
	refused INTEGER NOT NULL, 
	CONSTRAINT pk_windows PRIMARY KEY (channel_id, character, through)
)
 WITHOUT ROWID

;
CREATE INDEX ix_calls_at ON calls (at);
CREATE INDEX ix_calls_user_at ON calls (user_id, at);
CREATE INDEX ix_turns_state ON turns (state);
CREATE INDEX ix_claims_open ON claims (open);
CREATE INDEX ix_messages_channel_position ON messages (channel_id, position);
CREATE INDEX ix_messages_sent_at ON messages (sent_at);
CREATE INDEX ix_claims_channel_message ON claims (channel_id, message_id);
CREATE INDEX ix_bot_replies_bot_id ON bot_replies (bot_id);
CREATE INDEX ix_audit_at ON audit (at);
CREATE INDEX ix_summaries_channel_id ON summaries (channel_id);
CREATE INDEX ix_summaries_person_id ON summaries (person_id);
CREATE UNIQUE INDEX ix_facts_id ON facts (id);
CREATE INDEX ix_fact_changes_memory_id ON fact_changes (memory_id);
CREATE INDEX ix_fact_changes_person ON fact_changes (person_id, character);
CREATE INDEX ix_fact_sources_memory_id ON fact_sources (memory_id);
CREATE UNIQUE INDEX ix_archive_id ON archive (id);
CREATE INDEX ix_archive_person_id ON archive (person_id);
CREATE UNIQUE INDEX ix_vectors_owner ON vectors (owner_id, kind, character, model, part);
CREATE INDEX ix_reminders_due_at ON reminders (due_at);
CREATE INDEX ix_reminders_person_id ON reminders (person_id);
CREATE INDEX ix_scenes_channel_id ON scenes (channel_id);
CREATE INDEX ix_cues_open ON cues (open);
CREATE INDEX ix_cues_channel_id ON cues (channel_id);
CREATE INDEX ix_identity_lines_character ON identity_lines (character);
CREATE INDEX ix_encounters_speaker ON encounters (speaker, other);
CREATE INDEX ix_summary_sources_summary_id ON summary_sources (summary_id);
CREATE INDEX ix_stirrings_character ON stirrings (character, at);
CREATE INDEX ix_bond_changes_user_id ON bond_changes (user_id, character, at);
CREATE INDEX ix_remarks_channel_id ON remarks (channel_id, at);
CREATE UNIQUE INDEX uq_tickets_open ON tickets (guild_id, opener_id) WHERE closed_at IS NULL;
CREATE INDEX ix_tickets_thread_id ON tickets (thread_id);
CREATE INDEX ix_tickets_opener_id ON tickets (opener_id);
CREATE INDEX ix_job_runs_job ON job_runs (job, day);
CREATE INDEX ix_job_runs_begun_at ON job_runs (begun_at);
CREATE INDEX ix_audit_person_id ON audit (person_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('messages',41);
INSERT INTO "sqlite_sequence" VALUES('reminders',3);
INSERT INTO "sqlite_sequence" VALUES('fact_changes',7);
INSERT INTO "sqlite_sequence" VALUES('scenes',0);
INSERT INTO "sqlite_sequence" VALUES('stirrings',35);
INSERT INTO "sqlite_sequence" VALUES('turns',19);
INSERT INTO "sqlite_sequence" VALUES('bond_changes',3);
INSERT INTO "sqlite_sequence" VALUES('cues',1);
INSERT INTO "sqlite_sequence" VALUES('remarks',1);
COMMIT;
