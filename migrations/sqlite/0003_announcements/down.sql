DROP TABLE dead_letters;
DROP INDEX tasks_announce_at;
ALTER TABLE tasks DROP COLUMN announce_at;
