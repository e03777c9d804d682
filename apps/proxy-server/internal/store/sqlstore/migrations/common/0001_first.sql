-- +goose Up

CREATE TABLE sites (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36 AND id = lower(id)),
    key        TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    settings   TEXT    NOT NULL,
    webhook    BYTEA,
    secret     BYTEA,
    demo       BOOLEAN NOT NULL,
    disabled   BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL
);

CREATE TABLE visitors (
    site_id    TEXT   NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    id         TEXT   NOT NULL CHECK (length(id) = 36 AND id = lower(id)),
    customer   BYTEA,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (site_id, id)
);

CREATE TABLE conversations (
    site_id    TEXT   NOT NULL,
    id         TEXT   NOT NULL CHECK (length(id) = 36 AND id = lower(id)),
    visitor_id TEXT   NOT NULL,
    last_seq   BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (site_id, id),
    FOREIGN KEY (site_id, visitor_id) REFERENCES visitors (site_id, id) ON DELETE CASCADE
);

CREATE INDEX conversations_of_visitor ON conversations (site_id, visitor_id, created_at);

CREATE TABLE sessions (
    site_id         TEXT   NOT NULL,
    id              TEXT   NOT NULL CHECK (length(id) = 36 AND id = lower(id)),
    visitor_id      TEXT   NOT NULL,
    conversation_id TEXT   NOT NULL,
    client          BYTEA,
    fingerprint     BYTEA,
    created_at      BIGINT NOT NULL,
    seen_at         BIGINT NOT NULL,
    ended_at        BIGINT,
    PRIMARY KEY (site_id, id),
    FOREIGN KEY (site_id, visitor_id) REFERENCES visitors (site_id, id) ON DELETE CASCADE,
    FOREIGN KEY (site_id, conversation_id) REFERENCES conversations (site_id, id) ON DELETE CASCADE
);

CREATE INDEX sessions_of_visitor ON sessions (site_id, visitor_id, created_at);
CREATE INDEX sessions_of_conversation ON sessions (site_id, conversation_id);

-- A credential's own life is over at the earlier of until and ends_at.
CREATE TABLE credentials (
    site_id    TEXT   NOT NULL,
    hash       BYTEA  NOT NULL UNIQUE,
    session_id TEXT   NOT NULL,
    follows    BYTEA,
    made_at    BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    used_at    BIGINT,
    ends_at    BIGINT,
    PRIMARY KEY (site_id, hash),
    FOREIGN KEY (site_id, session_id) REFERENCES sessions (site_id, id) ON DELETE CASCADE
);

CREATE INDEX credentials_of_session ON credentials (site_id, session_id);

CREATE TABLE messages (
    site_id         TEXT   NOT NULL,
    conversation_id TEXT   NOT NULL,
    id              TEXT   NOT NULL CHECK (length(id) = 36 AND id = lower(id)),
    number          BIGINT NOT NULL CHECK (number > 0),
    author          TEXT   NOT NULL CHECK (author IN ('visitor', 'agent', 'operator')),
    text            BYTEA,
    page_url        BYTEA,
    cards           BYTEA,
    turn_id         TEXT   NOT NULL,
    status          TEXT   NOT NULL CHECK (status IN ('', 'done', 'stopped', 'failed', 'interrupted')),
    problem         TEXT   NOT NULL,
    rating          BIGINT NOT NULL DEFAULT 0 CHECK (rating IN (-1, 0, 1)),
    comment         BYTEA,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (site_id, conversation_id, id),
    UNIQUE (site_id, conversation_id, number),
    FOREIGN KEY (site_id, conversation_id) REFERENCES conversations (site_id, id) ON DELETE CASCADE
);

-- visitor_id and session_id say who asked; they outlive both rows, so that a
-- session may be forgotten before what was said in it.
CREATE TABLE turns (
    site_id         TEXT   NOT NULL,
    id              TEXT   NOT NULL CHECK (length(id) = 36 AND id = lower(id)),
    conversation_id TEXT   NOT NULL,
    visitor_id      TEXT   NOT NULL,
    session_id      TEXT   NOT NULL,
    question_id     TEXT   NOT NULL,
    answer_id       TEXT   NOT NULL CHECK (length(answer_id) = 36 AND answer_id = lower(answer_id)),
    number          BIGINT NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'stopped', 'failed', 'interrupted')),
    owner           TEXT   NOT NULL,
    seq             BIGINT NOT NULL,
    text            BYTEA,
    created_at      BIGINT NOT NULL,
    ended_at        BIGINT,
    PRIMARY KEY (site_id, id),
    UNIQUE (site_id, conversation_id, question_id),
    UNIQUE (site_id, conversation_id, answer_id),
    FOREIGN KEY (site_id, conversation_id) REFERENCES conversations (site_id, id) ON DELETE CASCADE,
    FOREIGN KEY (site_id, conversation_id, question_id)
        REFERENCES messages (site_id, conversation_id, id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX turns_one_runs ON turns (site_id, conversation_id) WHERE state = 'running';
CREATE INDEX turns_by_state ON turns (site_id, conversation_id, state, number);
CREATE INDEX turns_that_run ON turns (created_at) WHERE state = 'running';

CREATE TABLE owners (
    owner TEXT   NOT NULL PRIMARY KEY,
    until BIGINT NOT NULL
);

-- No reference to sites: the server's own keys have none, and a site's first
-- key is there before the site, whose secrets it seals.
CREATE TABLE keys (
    site_id  TEXT    NOT NULL,
    purpose  TEXT    NOT NULL,
    number   BIGINT  NOT NULL CHECK (number > 0),
    name     TEXT    NOT NULL,
    sealed   BYTEA   NOT NULL,
    made_at  BIGINT  NOT NULL,
    signs    BOOLEAN NOT NULL,
    signs_at BIGINT,
    PRIMARY KEY (site_id, purpose, number)
);

CREATE UNIQUE INDEX keys_one_signs ON keys (site_id, purpose) WHERE signs;
