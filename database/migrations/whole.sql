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
INSERT INTO "alembic_version" VALUES('0025');
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
	character VARCHAR(64) NOT NULL, cast_id BIGINT, drew_on JSON, 
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
CREATE TABLE bot_replies (
	channel_id BIGINT NOT NULL, 
	bot_id BIGINT NOT NULL, 
	replies INTEGER NOT NULL, 
	in_vain INTEGER NOT NULL, 
	replied_at DATETIME, 
	CONSTRAINT pk_bot_replies PRIMARY KEY (channel_id, bot_id)
);
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
	channel_id BIGINT, character VARCHAR(64), turn_id BIGINT, message_id BIGINT, 
	CONSTRAINT pk_calls PRIMARY KEY (id)
);
CREATE TABLE cast_members (
	character VARCHAR(64) NOT NULL, 
	cast_id BIGINT NOT NULL, 
	CONSTRAINT pk_cast_members PRIMARY KEY (character, cast_id), 
	CONSTRAINT fk_cast_members_cast_id_casts FOREIGN KEY(cast_id) REFERENCES casts (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE casts (
	id INTEGER NOT NULL, 
	members TEXT NOT NULL, 
	CONSTRAINT pk_casts PRIMARY KEY (id), 
	CONSTRAINT uq_casts_members UNIQUE (members)
);
CREATE TABLE channels (
	id BIGINT NOT NULL, 
	place VARCHAR(16) NOT NULL, 
	guild_id BIGINT, 
	name VARCHAR(200) NOT NULL, 
	guild_name VARCHAR(200) NOT NULL, 
	watermark BIGINT NOT NULL, 
	unsendable_until DATETIME, 
	refusals INTEGER NOT NULL, archive_version INTEGER DEFAULT '0' NOT NULL, chosen VARCHAR(64), note TEXT, note_by BIGINT, note_depth INTEGER DEFAULT '0' NOT NULL, speaks_first BOOLEAN DEFAULT '0' NOT NULL, parent_id BIGINT, age_restricted BOOLEAN DEFAULT '0' NOT NULL, public BOOLEAN DEFAULT '0' NOT NULL, public_from BIGINT, 
	CONSTRAINT pk_channels PRIMARY KEY (id)
);
CREATE TABLE character_days (
	day VARCHAR(10) NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	guild_id BIGINT NOT NULL, 
	letters BIGINT NOT NULL, 
	replies INTEGER NOT NULL, 
	rerolls INTEGER NOT NULL, 
	swipes INTEGER NOT NULL, 
	votes INTEGER NOT NULL, 
	won INTEGER NOT NULL, 
	calls INTEGER NOT NULL, 
	unpriced INTEGER NOT NULL, 
	cost FLOAT NOT NULL, 
	prompt_tokens BIGINT NOT NULL, 
	cached_tokens BIGINT NOT NULL, 
	topics JSON NOT NULL, 
	CONSTRAINT pk_character_days PRIMARY KEY (day, character, guild_id)
)
 WITHOUT ROWID

;
CREATE TABLE claims (
	message_id BIGINT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	claimed_at DATETIME NOT NULL, 
	open BOOLEAN NOT NULL, 
	reason VARCHAR(64), 
	turn_id INTEGER, author_id BIGINT DEFAULT '0' NOT NULL, decided_at DATETIME, trace JSON, aloud BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_claims PRIMARY KEY (message_id), 
	CONSTRAINT fk_claims_turn_id_turns FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE SET NULL
);
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
	at DATETIME NOT NULL, guild_id BIGINT, channel_id BIGINT, 
	CONSTRAINT pk_consents PRIMARY KEY (person_id)
);
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
CREATE TABLE drafts (
	mark VARCHAR(24) NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	channel_id BIGINT NOT NULL, 
	trigger_id BIGINT NOT NULL, 
	addressee_id BIGINT NOT NULL, 
	nonce VARCHAR(25) NOT NULL, 
	first_text TEXT NOT NULL, 
	opened_at DATETIME NOT NULL, 
	message_id BIGINT, 
	CONSTRAINT pk_drafts PRIMARY KEY (mark, character, number), 
	CONSTRAINT fk_drafts_channel_id_channels FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
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
, modifier FLOAT DEFAULT '1' NOT NULL, circumstances JSON, memory VARCHAR(32), topic VARCHAR(100));
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
	superseded_by BIGINT, search_text TEXT, 
	CONSTRAINT pk_facts PRIMARY KEY (person_id, character, id), 
	CONSTRAINT ck_facts_scope CHECK (scope IN ('dm', 'channel', 'guild', 'everywhere')), 
	CONSTRAINT ck_facts_mentions CHECK (mentions >= 1)
)
 WITHOUT ROWID

;
CREATE TABLE feelings (
	character VARCHAR(64) NOT NULL, 
	at BIGINT NOT NULL, 
	talked_at BIGINT NOT NULL, 
	deviations JSON NOT NULL, 
	shift JSON NOT NULL, 
	lately JSON NOT NULL, 
	CONSTRAINT pk_feelings PRIMARY KEY (character)
);
CREATE TABLE global_state (
	"key" VARCHAR(100) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_global_state PRIMARY KEY ("key")
);
CREATE TABLE growth (
	character VARCHAR(64) NOT NULL, 
	interactions INTEGER NOT NULL, traits JSON, traits_at DATETIME, 
	CONSTRAINT pk_growth PRIMARY KEY (character)
);
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
	heard_through BIGINT, character VARCHAR(64), cast_id BIGINT, drew_on JSON, attachments JSON, 
	CONSTRAINT fk_messages_channel_id_channels FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE, 
	CONSTRAINT fk_messages_turn_id_turns FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE SET NULL, 
	CONSTRAINT uq_messages_id UNIQUE (id)
);
CREATE TABLE milestones (
	character VARCHAR(64) NOT NULL, 
	milestone INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	changes JSON, 
	reverted_at DATETIME, 
	CONSTRAINT pk_milestones PRIMARY KEY (character, milestone)
);
CREATE TABLE musing_changes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	musing_id BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	cause VARCHAR(16) NOT NULL, 
	evidence VARCHAR(16) NOT NULL, 
	added FLOAT NOT NULL, 
	channel_id BIGINT, 
	"before" TEXT, 
	CONSTRAINT fk_musing_changes_musing_id_musings FOREIGN KEY(musing_id) REFERENCES musings (id) ON DELETE CASCADE
);
CREATE TABLE musing_sources (
	message_id BIGINT NOT NULL, 
	change_id BIGINT NOT NULL, 
	person_id BIGINT NOT NULL, 
	CONSTRAINT pk_musing_sources PRIMARY KEY (message_id, change_id), 
	CONSTRAINT fk_musing_sources_change_id_musing_changes FOREIGN KEY(change_id) REFERENCES musing_changes (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE musings (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	character VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	text TEXT NOT NULL, 
	scope VARCHAR(16) NOT NULL, 
	guild_id BIGINT, 
	channel_id BIGINT, 
	made_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	confidence FLOAT NOT NULL, 
	result TEXT NOT NULL, 
	closed_at BIGINT, 
	removed_at BIGINT, 
	CONSTRAINT ck_musings_kind CHECK (kind IN ('belief', 'dream', 'thread')), 
	CONSTRAINT ck_musings_scope CHECK (scope IN ('dm', 'channel', 'guild'))
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
CREATE TABLE prompts (
	turn_id BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	channel_id BIGINT NOT NULL, 
	people JSON NOT NULL, 
	system_hash VARCHAR(32) NOT NULL, 
	system_at INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	CONSTRAINT pk_prompts PRIMARY KEY (turn_id, number)
);
CREATE TABLE remarks (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	channel_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	at BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	person_id BIGINT, 
	why JSON
);
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
CREATE TABLE rhythms (
	channel_id BIGINT NOT NULL, 
	hour INTEGER NOT NULL, 
	messages INTEGER NOT NULL, 
	CONSTRAINT pk_rhythms PRIMARY KEY (channel_id, hour)
)
 WITHOUT ROWID

;
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
CREATE TABLE "summary_sources" (
	message_id BIGINT NOT NULL, 
	character VARCHAR(64) NOT NULL, 
	summary_id BIGINT NOT NULL, 
	author_id BIGINT NOT NULL, 
	digest VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_summary_sources PRIMARY KEY (message_id, character), 
	CONSTRAINT fk_summary_sources_summary_id_summaries FOREIGN KEY(summary_id) REFERENCES summaries (id) ON DELETE CASCADE
);
CREATE TABLE system_prompts (
	hash VARCHAR(32) NOT NULL, 
	text BLOB NOT NULL, 
	CONSTRAINT pk_system_prompts PRIMARY KEY (hash)
);
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
CREATE TABLE trait_shifts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	character VARCHAR(64) NOT NULL, 
	at DATETIME NOT NULL, 
	trait VARCHAR(16) NOT NULL, 
	change FLOAT NOT NULL, 
	cause VARCHAR(16) NOT NULL, 
	spoke BOOLEAN NOT NULL, 
	other VARCHAR(64), 
	person_id BIGINT, 
	reverted_at DATETIME
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
	settled_at DATETIME, variant INTEGER DEFAULT '1' NOT NULL, next_variant INTEGER, cast_id BIGINT, tone VARCHAR(16), register INTEGER, drew_on JSON, begun_at DATETIME, letters INTEGER DEFAULT '0' NOT NULL, rerolls INTEGER DEFAULT '0' NOT NULL, swipes INTEGER DEFAULT '0' NOT NULL, topic VARCHAR(100), spoken BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT ck_turns_state CHECK (state IN ('pledged', 'said', 'dropped')), 
	CONSTRAINT fk_turns_channel_id_channels FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
);
CREATE TABLE users (
	id BIGINT NOT NULL, 
	is_bot BOOLEAN NOT NULL, 
	first_seen DATETIME NOT NULL, 
	last_seen DATETIME NOT NULL, 
	premium BOOLEAN NOT NULL, zone VARCHAR(64), 
	CONSTRAINT pk_users PRIMARY KEY (id)
);
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
CREATE TABLE voice_choices (
	user_id BIGINT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	choice VARCHAR(8) NOT NULL, 
	made_at DATETIME NOT NULL, 
	CONSTRAINT pk_voice_choices PRIMARY KEY (user_id, channel_id), 
	CONSTRAINT ck_voice_choices_choice CHECK (choice IN ('on', 'off', 'auto'))
)
 WITHOUT ROWID

;
CREATE TABLE voice_consents (
	person_id BIGINT NOT NULL, 
	guild_id BIGINT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_voice_consents PRIMARY KEY (person_id, guild_id)
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
CREATE INDEX ix_trait_shifts_character ON trait_shifts (character, at);
CREATE INDEX ix_musings_character ON musings (character);
CREATE INDEX ix_musing_changes_musing_id ON musing_changes (musing_id);
CREATE INDEX ix_musing_sources_change_id ON musing_sources (change_id);
CREATE INDEX ix_musing_sources_person_id ON musing_sources (person_id);
CREATE INDEX ix_drafts_channel_id ON drafts (channel_id);
CREATE INDEX ix_calls_turn_id ON calls (turn_id) WHERE turn_id IS NOT NULL;
CREATE INDEX ix_calls_message_id ON calls (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX ix_prompts_at ON prompts (at);
CREATE INDEX ix_claims_failed ON claims (message_id) WHERE reason IN ('NO_ANSWER', 'NO_VOTE');
CREATE INDEX ix_turns_fallback ON turns (trigger_id) WHERE fallback IS TRUE;
DELETE FROM "sqlite_sequence";
COMMIT;
