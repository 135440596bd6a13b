-- The whole schema of the demo project, in words that PostgreSQL and SQLite both understand.
-- Edit it, and the difference to the migrations becomes the next migration.

-- People who can sign in.
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    locale TEXT NOT NULL DEFAULT 'en',
    role TEXT NOT NULL DEFAULT 'member',
    is_active BOOLEAN NOT NULL DEFAULT TRUE,
    preferences JSON,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    last_seen_at TIMESTAMP,
    CONSTRAINT users_email_unique UNIQUE (email),
    CONSTRAINT users_role_known CHECK (role IN ('owner', 'admin', 'member', 'guest'))
);

CREATE INDEX users_last_seen ON users (last_seen_at);

-- What somebody signs in with: one row for each provider somebody has linked.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL,
    provider TEXT NOT NULL,
    provider_account_id TEXT NOT NULL,
    display_name TEXT,
    scopes TEXT NOT NULL DEFAULT '',
    linked_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT accounts_identity_unique UNIQUE (provider, provider_account_id),
    CONSTRAINT accounts_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX accounts_by_user ON accounts (user_id);

-- Tokens of those accounts, encrypted by the application before they get here.
CREATE TABLE token_vault (
    account_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    ciphertext TEXT NOT NULL,
    nonce TEXT NOT NULL,
    key_version INTEGER NOT NULL DEFAULT 1,
    expires_at TIMESTAMP,
    rotated_at TIMESTAMP,
    PRIMARY KEY (account_id, kind),
    CONSTRAINT token_vault_kind_known CHECK (kind IN ('access', 'refresh')),
    CONSTRAINT token_vault_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);

CREATE INDEX token_vault_expiring ON token_vault (expires_at) WHERE expires_at IS NOT NULL;

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

-- What happened, and who did it. Rows outlive the user they speak of.
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,
    user_id INTEGER,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload JSON NOT NULL,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT audit_log_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX audit_log_by_time ON audit_log (created_at);
CREATE INDEX audit_log_by_user ON audit_log (user_id, created_at);

-- Everybody with the number of accounts linked and sessions still open.
CREATE VIEW user_overview AS
SELECT
    users.id,
    users.name,
    users.email,
    users.role,
    (SELECT COUNT(*) FROM accounts WHERE accounts.user_id = users.id) AS accounts,
    (
        SELECT COUNT(*)
        FROM sessions
        WHERE sessions.user_id = users.id AND sessions.ended_at IS NULL
    ) AS open_sessions,
    users.last_seen_at
FROM users;
