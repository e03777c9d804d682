-- +goose Up

-- Rows that change often keep free space on their page, so that an update
-- stays on it and touches no index.
ALTER TABLE conversations SET (fillfactor = 80);
ALTER TABLE sessions SET (fillfactor = 80);
ALTER TABLE turns SET (fillfactor = 60);
ALTER TABLE owners SET (fillfactor = 50);
