-- When somebody was last active, for lists of who is here and who has gone.
ALTER TABLE users ADD COLUMN last_seen_at TIMESTAMP;

CREATE INDEX users_last_seen ON users (last_seen_at);
