-- Schema 1.0: runs, metrics, roll-ups, tokens, events. See db/README.md.
CREATE TABLE migration(
    version INTEGER PRIMARY KEY,
    program TEXT NOT NULL,
    applied REAL NOT NULL
);
-- One row a run. The fields of config.def follow as columns of their own.
CREATE TABLE run(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    parent INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    archived INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    started REAL NOT NULL DEFAULT 0,
    ended REAL NOT NULL DEFAULT 0,
    heartbeat REAL NOT NULL DEFAULT 0,
    pid INTEGER NOT NULL DEFAULT 0,
    boot_id TEXT NOT NULL DEFAULT '',
    step INTEGER NOT NULL DEFAULT 0,
    tokens INTEGER NOT NULL DEFAULT 0,
    progress TEXT NOT NULL DEFAULT '',
    done REAL NOT NULL DEFAULT 0,
    config_hash INTEGER NOT NULL DEFAULT 0,
    corpus_hash INTEGER NOT NULL DEFAULT 0,
    params INTEGER NOT NULL DEFAULT 0,
    kernel TEXT NOT NULL DEFAULT '',
    blas_core TEXT NOT NULL DEFAULT '',
    program TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX run_name ON run(name);
CREATE TABLE resume(
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    step INTEGER NOT NULL,
    time REAL NOT NULL
);
CREATE INDEX resume_run ON resume(run);
CREATE TABLE metric(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
-- A metric of a run. kind: 0 finite, 1 nan, 2 inf, 3 -inf (the value is then NULL).
CREATE TABLE series(
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    metric INTEGER NOT NULL,
    n INTEGER NOT NULL DEFAULT 0,
    first_step INTEGER NOT NULL DEFAULT 0,
    last_step INTEGER NOT NULL DEFAULT 0,
    last REAL,
    last_kind INTEGER NOT NULL DEFAULT 0,
    best REAL,
    best_step INTEGER NOT NULL DEFAULT 0,
    UNIQUE(run, metric)
);
CREATE TABLE point(
    series INTEGER NOT NULL,
    step INTEGER NOT NULL,
    value REAL,
    kind INTEGER NOT NULL,
    PRIMARY KEY(series, step)
) WITHOUT ROWID;
-- When a step was logged; held_out 1: for the val_ metrics.
CREATE TABLE logged(
    run INTEGER NOT NULL,
    held_out INTEGER NOT NULL,
    step INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    wall REAL NOT NULL,
    PRIMARY KEY(run, held_out, step)
) WITHOUT ROWID;
-- Closed blocks of 16^level points in a row; min, max, sum, last are of finite values.
CREATE TABLE rollup(
    series INTEGER NOT NULL,
    level INTEGER NOT NULL,
    first_step INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    n INTEGER NOT NULL,
    nonfinite INTEGER NOT NULL,
    min REAL,
    max REAL,
    sum REAL,
    last REAL,
    PRIMARY KEY(series, level, first_step)
) WITHOUT ROWID;
-- Scored sequences. source: 0 live, 1 snapshot, 2 probe, 3 user.
CREATE TABLE sequence(
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    source INTEGER NOT NULL,
    step INTEGER NOT NULL,
    sentence INTEGER NOT NULL,
    n INTEGER NOT NULL,
    wall REAL NOT NULL,
    written REAL NOT NULL,
    UNIQUE(run, source, step, sentence)
);
-- NULL: no value. top: the generator's best, [id, probability, ...] as JSON.
CREATE TABLE token(
    sequence INTEGER NOT NULL,
    position INTEGER NOT NULL,
    original INTEGER,
    masked INTEGER,
    sampled INTEGER,
    gen_prob REAL,
    disc_prob REAL,
    gen_entropy REAL,
    disc_loss REAL,
    gen_loss REAL,
    gen_rank INTEGER,
    chosen INTEGER NOT NULL,
    label INTEGER NOT NULL,
    same INTEGER NOT NULL,
    top TEXT,
    PRIMARY KEY(sequence, position)
) WITHOUT ROWID;
-- run 0: the store's own.
CREATE TABLE event(
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    step INTEGER NOT NULL,
    time REAL NOT NULL,
    severity INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX event_run ON event(run, id);
CREATE TABLE checkpoint(
    run INTEGER NOT NULL,
    step INTEGER NOT NULL,
    path TEXT NOT NULL,
    best INTEGER NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY(run, step)
) WITHOUT ROWID;
CREATE TABLE thread(
    run INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    what TEXT NOT NULL,
    cpu REAL NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY(run, slot)
) WITHOUT ROWID;
CREATE VIEW v_runs AS
    SELECT r.*,
        strftime('%Y-%m-%dT%H:%M:%SZ', r.created, 'unixepoch') AS created_utc,
        CASE WHEN r.started > 0 THEN strftime('%Y-%m-%dT%H:%M:%SZ', r.started, 'unixepoch') END
            AS started_utc,
        CASE WHEN r.ended > 0 THEN strftime('%Y-%m-%dT%H:%M:%SZ', r.ended, 'unixepoch') END
            AS ended_utc,
        printf('%016x', r.config_hash) AS config_hash_hex,
        printf('%016x', r.corpus_hash) AS corpus_hash_hex,
        (SELECT path FROM checkpoint c WHERE c.run = r.id ORDER BY c.step DESC LIMIT 1)
            AS checkpoint
    FROM run r;
CREATE VIEW v_metrics AS
    SELECT s.run AS run, r.name AS name, p.step AS step, m.name AS metric,
        CASE p.kind WHEN 0 THEN p.value WHEN 1 THEN 'nan' WHEN 2 THEN 'inf' ELSE '-inf' END
            AS value,
        l.wall AS wall_time, l.tokens AS tokens
    FROM series s
    JOIN point p ON p.series = s.id
    JOIN metric m ON m.id = s.metric
    JOIN run r ON r.id = s.run
    LEFT JOIN logged l ON l.run = s.run AND l.step = p.step
        AND l.held_out = (substr(m.name, 1, 4) = 'val_');
CREATE VIEW v_summary AS
    SELECT s.run AS run, r.name AS name, m.name AS metric, s.n AS n, s.last_step AS last_step,
        CASE s.last_kind WHEN 0 THEN s.last WHEN 1 THEN 'nan' WHEN 2 THEN 'inf' ELSE '-inf' END
            AS last,
        s.best AS best, CASE WHEN s.best IS NOT NULL THEN s.best_step END AS best_step
    FROM series s JOIN metric m ON m.id = s.metric JOIN run r ON r.id = s.run;
CREATE VIEW v_tokens AS
    SELECT q.run AS run, r.name AS name,
        CASE q.source WHEN 0 THEN 'live' WHEN 1 THEN 'snapshot' WHEN 2 THEN 'probe'
            ELSE 'user' END AS source,
        q.step AS step, q.sentence AS sentence, t.position AS position, t.original AS original,
        t.masked AS masked, t.sampled AS sampled, t.gen_prob AS gen_prob,
        t.disc_prob AS disc_prob, t.label AS label, t.chosen AS chosen, t.same AS same,
        t.gen_rank AS gen_rank, t.gen_entropy AS gen_entropy, t.gen_loss AS gen_loss,
        t.disc_loss AS disc_loss, t.top AS top
    FROM sequence q JOIN token t ON t.sequence = q.id JOIN run r ON r.id = q.run;
