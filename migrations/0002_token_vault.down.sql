DROP TABLE token_vault;
