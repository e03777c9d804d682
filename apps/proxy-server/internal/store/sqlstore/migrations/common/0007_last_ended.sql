-- +goose Up
-- What a process ended last is looked for after its death.
CREATE INDEX turns_last_ended ON turns (owner, ended_at) WHERE ended_at IS NOT NULL;
