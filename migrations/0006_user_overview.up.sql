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
