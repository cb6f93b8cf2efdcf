"""The tables of `traces.db`. Users may open the file themselves, so names are the words of the program.

`requests` has one row for each call of a client; its attempts, tools and losses are JSON in it, and `bodies` says where its
bodies are: `{kind: [pack, number, bytes]}`. `packs` hold bodies, compressed together as they came (`packs.py` explains it).
`texts` has what was asked and answered, `said` is its full-text index, `indexing` says up to where packs are in it. Traces are
no table: they are what requests with the same `trace_id` have in common.

`blobs`, `links` and the table `bodies` hold the bodies of requests that an earlier version recorded (`links.py`); triggers count
references and remove a blob with its last one.
"""

VERSION = 3  # PRAGMA user_version of this program

# Step n leads from version n to n + 1. A step that was released is never changed.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE requests (
            id TEXT PRIMARY KEY, trace_id TEXT NOT NULL, thread TEXT, started REAL NOT NULL,
            protocol TEXT NOT NULL, path TEXT NOT NULL, client TEXT NOT NULL, client_version TEXT,
            agent TEXT, parent_agent TEXT, turn TEXT, kind TEXT NOT NULL, key TEXT, profile TEXT,
            asked_model TEXT NOT NULL, model TEXT, channel TEXT, lane TEXT, stream INTEGER NOT NULL, effort TEXT, prompt TEXT,
            status INTEGER NOT NULL, outcome TEXT NOT NULL, error TEXT, finish TEXT,
            first_byte_ms REAL, first_token_ms REAL, duration_ms REAL, bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL,
            input INTEGER, output INTEGER, cache_read INTEGER, cache_write_5m INTEGER, cache_write_1h INTEGER, reasoning INTEGER,
            cost REAL, tools TEXT NOT NULL, losses TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        "CREATE INDEX requests_by_trace ON requests (trace_id, started)",
        "CREATE INDEX requests_by_time ON requests (started)",
        """
        CREATE TABLE attempts (
            request_id TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
            "index" INTEGER NOT NULL, channel TEXT NOT NULL, protocol TEXT NOT NULL, model TEXT NOT NULL, secret TEXT,
            lane TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER NOT NULL, reason TEXT,
            started_ms REAL NOT NULL, first_byte_ms REAL, duration_ms REAL,
            PRIMARY KEY (request_id, "index")
        ) WITHOUT ROWID
        """,
        "CREATE TABLE blobs (sha256 BLOB PRIMARY KEY, size INTEGER NOT NULL, zlib BLOB NOT NULL)",
        """
        CREATE TABLE bodies (
            request_id TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
            kind TEXT NOT NULL, sha256 BLOB NOT NULL REFERENCES blobs (sha256),
            PRIMARY KEY (request_id, kind)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX bodies_by_blob ON bodies (sha256)",
        """
        CREATE TRIGGER bodies_last_reference AFTER DELETE ON bodies
        WHEN NOT EXISTS (SELECT 1 FROM bodies WHERE sha256 = OLD.sha256)
        BEGIN DELETE FROM blobs WHERE sha256 = OLD.sha256; END
        """,
    ),
    (
        "ALTER TABLE requests ADD COLUMN effort_sent TEXT",
        "ALTER TABLE requests ADD COLUMN verdict TEXT",
        "ALTER TABLE requests ADD COLUMN verdict_cause TEXT",
        "ALTER TABLE requests ADD COLUMN missed_tokens INTEGER",
        "ALTER TABLE requests ADD COLUMN missed_cost REAL",
        "DROP TRIGGER bodies_last_reference",
        "DROP INDEX bodies_by_blob",
        "ALTER TABLE bodies RENAME TO whole_bodies",
        """
        CREATE TABLE links (
            id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, sha256 BLOB NOT NULL REFERENCES blobs (sha256),
            refs INTEGER NOT NULL DEFAULT 0
        )
        """,
        "CREATE UNIQUE INDEX links_by_parent ON links (parent, sha256)",
        "CREATE INDEX links_by_blob ON links (sha256)",
        "CREATE INDEX links_unused ON links (id) WHERE refs = 0",
        """
        CREATE TRIGGER links_added AFTER INSERT ON links WHEN NEW.parent != 0
        BEGIN UPDATE links SET refs = refs + 1 WHERE id = NEW.parent; END
        """,
        """
        CREATE TRIGGER links_removed AFTER DELETE ON links
        BEGIN
            UPDATE links SET refs = refs - 1 WHERE id = OLD.parent;
            DELETE FROM blobs WHERE sha256 = OLD.sha256 AND NOT EXISTS (SELECT 1 FROM links WHERE sha256 = OLD.sha256);
        END
        """,
        """
        CREATE TABLE bodies (
            request_id TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
            kind TEXT NOT NULL, position INTEGER NOT NULL, link INTEGER NOT NULL, size INTEGER NOT NULL,
            PRIMARY KEY (request_id, kind, position)
        ) WITHOUT ROWID
        """,
        """
        CREATE TRIGGER bodies_added AFTER INSERT ON bodies
        BEGIN UPDATE links SET refs = refs + 1 WHERE id = NEW.link; END
        """,
        """
        CREATE TRIGGER bodies_removed AFTER DELETE ON bodies
        BEGIN UPDATE links SET refs = refs - 1 WHERE id = OLD.link; END
        """,
        "INSERT INTO links (parent, sha256) SELECT 0, sha256 FROM blobs",
        """
        INSERT INTO bodies SELECT request_id, kind, 0, links.id, size
        FROM whole_bodies JOIN blobs USING (sha256) JOIN links USING (sha256)
        """,
        "DROP TABLE whole_bodies",
        """
        CREATE TABLE texts (
            id INTEGER PRIMARY KEY, request_id TEXT NOT NULL UNIQUE REFERENCES requests (id) ON DELETE CASCADE,
            prompt TEXT NOT NULL, answer TEXT NOT NULL
        )
        """,
        "CREATE VIRTUAL TABLE said USING fts5(prompt, answer, content='texts', content_rowid='id')",
        """
        CREATE TRIGGER texts_added AFTER INSERT ON texts
        BEGIN INSERT INTO said (rowid, prompt, answer) VALUES (NEW.id, NEW.prompt, NEW.answer); END
        """,
        """
        CREATE TRIGGER texts_removed AFTER DELETE ON texts
        BEGIN INSERT INTO said (said, rowid, prompt, answer) VALUES ('delete', OLD.id, OLD.prompt, OLD.answer); END
        """,
    ),
    (
        "ALTER TABLE requests ADD COLUMN attempts TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE requests ADD COLUMN bodies TEXT",
        """
        UPDATE requests SET attempts = (
            SELECT json_group_array(json_object(
                'index', "index", 'channel', channel, 'protocol', protocol, 'model', model, 'secret', secret, 'lane', lane,
                'outcome', outcome, 'status', status, 'reason', reason, 'started_ms', started_ms,
                'first_byte_ms', first_byte_ms, 'duration_ms', duration_ms
            )) FROM (SELECT * FROM attempts AS tried WHERE tried.request_id = requests.id ORDER BY tried."index")
        )
        """,
        "DROP TABLE attempts",
        """
        CREATE TABLE packs (
            id INTEGER PRIMARY KEY AUTOINCREMENT, oldest INTEGER NOT NULL, last REAL NOT NULL,
            requests TEXT NOT NULL, contents TEXT NOT NULL, zstd BLOB NOT NULL
        )
        """,
        "CREATE TABLE indexing (pack INTEGER NOT NULL, done INTEGER NOT NULL)",
        "INSERT INTO indexing VALUES (0, 0)",
    ),
)

# Columns in the order in which `rows.columns` gives them: a record's fields as they are, then those that are made of several.
PLAIN = (
    "id", "started", "protocol", "trace_id", "thread", "client", "client_version", "agent", "parent_agent", "turn", "kind", "key",
    "profile", "asked_model", "model", "channel", "lane", "stream", "effort", "effort_sent", "status", "outcome", "finish",
    "first_byte_ms", "first_token_ms", "duration_ms", "bytes_in", "bytes_out", "cost", "verdict", "verdict_cause",
    "missed_tokens", "missed_cost",
)  # fmt: skip
USAGE = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "reasoning")
MADE = ("path", "prompt", "error", "attempts", "tools", "losses", "bodies")
_ALL = (*PLAIN, *USAGE, *MADE)
_GIVEN_ONCE = ("id", "started", "protocol", "path")  # known at the begin; everything else may change until the end
_VALUES = f"({', '.join('?' for _ in _ALL)})"
# By how many rows they put: one statement for many lets go of the interpreter once, not once a row.
NEW_REQUESTS = {
    many: f"INSERT INTO requests ({', '.join(_ALL)}) VALUES {', '.join([_VALUES] * many)}"  # noqa: S608  # our own names
    for many in (20, 5, 1)
}
PUT_REQUESTS = {  # those that may be there already
    many: f"""{new}
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _ALL if name not in _GIVEN_ONCE)}
"""
    for many, new in NEW_REQUESTS.items()
}
PACKS = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'packs'), 0), (SELECT min(id) FROM packs)"
PUT_PACK = "INSERT INTO packs (id, oldest, last, requests, contents, zstd) VALUES (?, ?, ?, ?, ?, ?)"
PACK = "SELECT contents, zstd FROM packs WHERE id = ?"
BODIES = "SELECT bodies FROM requests WHERE id = ?"
FIRST_PACK = """
    SELECT id FROM packs WHERE last >= (SELECT min(started) FROM requests) ORDER BY id LIMIT 1
"""
OLDEST_PACK = "SELECT min(oldest) FROM packs WHERE id BETWEEN ?1 AND ?1 + ?2"
DROP_PACKS = "DELETE FROM packs WHERE id < ?"
DROP_ALL_PACKS = "DELETE FROM packs"
DROP_UNUSED = "DELETE FROM links WHERE refs = 0"
CHAIN = """
    WITH RECURSIVE chain (sha256, parent, back) AS (
        SELECT sha256, parent, 0 FROM links WHERE id = ?
        UNION ALL SELECT links.sha256, links.parent, back + 1 FROM chain JOIN links ON links.id = chain.parent
    )
    SELECT zlib FROM chain JOIN blobs USING (sha256) ORDER BY back
"""
BODY_LINKS = "SELECT kind, link FROM bodies WHERE request_id = ? ORDER BY kind, position"
BODY_SIZES = "SELECT kind, sum(size) FROM bodies WHERE request_id = ? GROUP BY kind"
DROP_TEXTS = "DELETE FROM texts WHERE request_id = ?"
PUT_TEXTS = "INSERT INTO texts (request_id, prompt, answer) VALUES (?, ?, ?)"
FORGET_WORDS = "INSERT INTO said (said) VALUES ('delete-all')"
NEXT_PACKS = "SELECT id, requests FROM packs WHERE id >= ? ORDER BY id LIMIT 2"
INDEXED = "SELECT pack, done FROM indexing"
SET_INDEXED = "UPDATE indexing SET pack = ?, done = ?"
TO_INDEX = "SELECT protocol, outcome, attempts FROM requests WHERE id = ?"
PREVIOUS = """
    SELECT * FROM requests WHERE trace_id = ?1 AND agent IS ?2 AND started < ?3 AND kind = 'turn' AND outcome = 'ok'
        AND input IS NOT NULL AND started + coalesce(duration_ms, 0) / 1000 <= ?3
    ORDER BY started DESC LIMIT 1
"""
INTERRUPT = "UPDATE requests SET outcome = 'interrupted' WHERE outcome = 'running'"
EXPIRE = "DELETE FROM requests WHERE id IN (SELECT id FROM requests WHERE started < ? ORDER BY started LIMIT ?)"
SHRINK = "DELETE FROM requests WHERE id IN (SELECT id FROM requests ORDER BY started LIMIT ?)"
