"""The tables of `traces.db`. Users may open the file themselves, so names are the words of the program.

`requests` has one row for each call of a client, `attempts` one for each try of it. Bodies are stored once, whatever refers to
them: `blobs` holds them compressed under the SHA-256 of their content, `bodies` says which request has which, and a trigger
removes a blob with its last reference. Traces are no table: they are what requests with the same `trace_id` have in common.
"""

VERSION = 1  # PRAGMA user_version of this program

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
)

PUT_REQUEST = """
    INSERT INTO requests VALUES (
        :id, :trace_id, :thread, :started, :protocol, :path, :client, :client_version, :agent, :parent_agent, :turn, :kind, :key,
        :profile, :asked_model, :model, :channel, :lane, :stream, :effort, :prompt, :status, :outcome, :error, :finish,
        :first_byte_ms, :first_token_ms, :duration_ms, :bytes_in, :bytes_out,
        :input, :output, :cache_read, :cache_write_5m, :cache_write_1h, :reasoning, :cost, :tools, :losses
    )
    ON CONFLICT (id) DO UPDATE SET
        trace_id = excluded.trace_id, thread = excluded.thread,
        client = excluded.client, client_version = excluded.client_version,
        agent = excluded.agent, parent_agent = excluded.parent_agent, turn = excluded.turn, kind = excluded.kind,
        key = excluded.key, profile = excluded.profile, asked_model = excluded.asked_model, model = excluded.model,
        channel = excluded.channel, lane = excluded.lane, stream = excluded.stream, effort = excluded.effort,
        prompt = excluded.prompt, status = excluded.status, outcome = excluded.outcome, error = excluded.error,
        finish = excluded.finish, first_byte_ms = excluded.first_byte_ms, first_token_ms = excluded.first_token_ms,
        duration_ms = excluded.duration_ms, bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out,
        input = excluded.input, output = excluded.output, cache_read = excluded.cache_read,
        cache_write_5m = excluded.cache_write_5m, cache_write_1h = excluded.cache_write_1h, reasoning = excluded.reasoning,
        cost = excluded.cost, tools = excluded.tools, losses = excluded.losses
"""
PUT_ATTEMPT = """
    INSERT OR REPLACE INTO attempts VALUES (
        :request_id, :index, :channel, :protocol, :model, :secret, :lane, :outcome, :status, :reason,
        :started_ms, :first_byte_ms, :duration_ms
    )
"""
HAS_BLOB = "SELECT 1 FROM blobs WHERE sha256 = ?"
PUT_BLOB = "INSERT INTO blobs VALUES (?, ?, ?)"
DROP_BODY = "DELETE FROM bodies WHERE request_id = ? AND kind = ?"
PUT_BODY = "INSERT INTO bodies VALUES (?, ?, ?)"
INTERRUPT = "UPDATE requests SET outcome = 'interrupted' WHERE outcome = 'running'"
EXPIRE = "DELETE FROM requests WHERE id IN (SELECT id FROM requests WHERE started < ? ORDER BY started LIMIT ?)"
SHRINK = "DELETE FROM requests WHERE id IN (SELECT id FROM requests ORDER BY started LIMIT ?)"
