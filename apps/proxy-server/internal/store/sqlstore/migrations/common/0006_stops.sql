-- +goose Up
-- Where a turn is to be stopped by the process that runs it.
ALTER TABLE turns ADD COLUMN stop_asked BOOLEAN NOT NULL DEFAULT FALSE;
