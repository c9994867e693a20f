-- Schema 1.1: results of fine-tuning.
CREATE TABLE score(
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    checkpoint_step INTEGER NOT NULL,
    model TEXT NOT NULL,
    task TEXT NOT NULL,
    metric TEXT NOT NULL,
    seed INTEGER NOT NULL,
    value REAL,
    kind INTEGER NOT NULL,
    n INTEGER NOT NULL,
    settings TEXT NOT NULL,
    state TEXT NOT NULL,
    program TEXT NOT NULL,
    time REAL NOT NULL,
    UNIQUE(run, checkpoint_step, model, task, metric, seed, settings)
);
CREATE VIEW v_scores AS
    SELECT s.run AS run, r.name AS name, s.checkpoint_step AS checkpoint_step, s.model AS model,
        s.task AS task, s.metric AS metric, s.seed AS seed,
        CASE s.kind WHEN 0 THEN s.value WHEN 1 THEN 'nan' WHEN 2 THEN 'inf' ELSE '-inf' END
            AS value,
        s.n AS n, s.settings AS settings, s.state AS state, s.program AS program,
        strftime('%Y-%m-%dT%H:%M:%SZ', s.time, 'unixepoch') AS time
    FROM score s LEFT JOIN run r ON r.id = s.run;
