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
