-- Schema 1.2: fine-tuning at work, and what a tuned network got wrong.
CREATE TABLE tuning(
    run INTEGER NOT NULL,
    checkpoint_step INTEGER NOT NULL,
    model TEXT NOT NULL,
    task TEXT NOT NULL,
    seed INTEGER NOT NULL,
    state TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    epochs INTEGER NOT NULL,
    step INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    loss REAL,
    score REAL,
    seconds_left REAL,
    why TEXT NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY(run, checkpoint_step, model, task, seed)
) WITHOUT ROWID;
CREATE TABLE mistake(
    run INTEGER NOT NULL,
    checkpoint_step INTEGER NOT NULL,
    model TEXT NOT NULL,
    task TEXT NOT NULL,
    seed INTEGER NOT NULL,
    place INTEGER NOT NULL,
    text TEXT NOT NULL,
    second TEXT NOT NULL,
    label TEXT NOT NULL,
    said TEXT NOT NULL,
    confidence REAL,
    PRIMARY KEY(run, checkpoint_step, model, task, seed, place)
) WITHOUT ROWID;
CREATE VIEW v_mistakes AS
    SELECT m.run AS run, r.name AS name, m.checkpoint_step AS checkpoint_step, m.model AS model,
        m.task AS task, m.seed AS seed, m.place AS place, m.text AS text, m.second AS second,
        m.label AS label, m.said AS said, m.confidence AS confidence
    FROM mistake m LEFT JOIN run r ON r.id = m.run;
