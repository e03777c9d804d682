-- +goose Up
-- A conversation is looked up without its site while the shared log is away.
CREATE INDEX conversations_alone ON conversations (id);
