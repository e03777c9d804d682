-- +goose Up

-- What is over is looked for often, and is little.
CREATE INDEX credentials_until ON credentials (until);
CREATE INDEX credentials_ended ON credentials (ends_at) WHERE ends_at IS NOT NULL;
