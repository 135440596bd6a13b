-- Devices that are or were signed in.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    account_id INTEGER,
    ip_address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    country TEXT,
    seconds_active DOUBLE PRECISION NOT NULL DEFAULT 0,
    started_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ended_at TIMESTAMP,
    CONSTRAINT sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT sessions_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE SET NULL
);

CREATE INDEX sessions_by_user ON sessions (user_id, started_at);
