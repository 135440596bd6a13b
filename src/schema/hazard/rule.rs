//! The rules: one table with the name, the weight, the reason and the safer way of each. The
//! configuration, the documentation and every message read this table, so they cannot drift.

use super::{Policy, Severity};
use crate::sql::Dialect;

/// What the table says of a rule.
#[derive(Debug, Clone, Copy)]
struct Entry {
    rule: Rule,
    id: &'static str,
    severity: Severity,
    title: &'static str,
    why: &'static str,
    safer: &'static str,
}

macro_rules! rules {
    ($($rule:ident $id:literal $severity:ident $title:literal $why:literal $safer:literal;)*) => {
        /// What can be wrong with a statement.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $title] $rule,)*
        }

        /// All rules, in the order of [`Rule`].
        const RULES: &[Entry] = &[$(Entry {
            rule: Rule::$rule,
            id: $id,
            severity: Severity::$severity,
            title: $title,
            why: $why,
            safer: $safer,
        },)*];
    };
}

rules! {
    DropTable "drop-table" Danger "A table is dropped"
        "Its rows are lost, and what still uses it fails."
        "Rename it aside first, and drop it once nothing has missed it.";
    DropColumn "drop-column" Danger "A column is dropped"
        "Its values are lost, and what still reads it fails."
        "Release a version that no longer uses it first; keep a copy of the values.";
    DropAttribute "drop-attribute" Danger "A composite type loses an attribute"
        "The values of every column of the type lose it, and what reads it fails."
        "Copy it to a column first.";
    DropSchema "drop-schema" Danger "A schema is dropped"
        "Everything in it goes with it."
        "Drop what is in it one by one, so that each loss is seen.";
    DropMaterializedView "drop-materialized-view" Warning "A materialized view is dropped"
        "What it holds must be computed again to come back."
        "Make the new one under another name first, then swap the names.";
    DropSequence "drop-sequence" Warning "A sequence is dropped"
        "Where it stood is lost: a new one starts over and may give numbers twice."
        "Note its last value, and set it on the new one.";
    DropView "drop-view" Warning "A view is dropped"
        "What reads it fails." "Make sure that nothing reads it.";
    DropRoutine "drop-routine" Warning "A routine is dropped"
        "What calls it fails, from inside the database and outside."
        "Make sure that nothing calls it.";
    DropType "drop-type" Warning "A type is dropped"
        "What casts to it by name fails." "Make sure that nothing names it.";
    DropExtension "drop-extension" Danger "An extension is dropped"
        "Its types, functions and indexes go, and the columns that use them with them."
        "Move everything off it first.";
    DropVirtualTable "drop-virtual-table" Danger "A virtual table is dropped"
        "What its module stores is lost; a full-text index must be filled again."
        "Fill the new one before the old one goes.";
    DropCascade "drop-cascade" Danger "CASCADE drops what nobody named"
        "Everything that depends on it goes too, whatever that is on the day it runs."
        "Name each object that is to go.";
    DropOwned "drop-owned" Danger "Everything a role owns is dropped"
        "Nobody can tell from the statement what will be lost." "Name each object that is to go.";
    DropDatabase "drop-database" Danger "A database is dropped"
        "All of it is lost." "Do this by hand, after a backup.";
    RemoveLabel "remove-label" Danger "An enum loses a label"
        "Rows that have it make the change fail; the columns of the type are written anew."
        "Move those rows to another label first.";
    NarrowType "narrow-type" Danger "A column's values may not fit its new type"
        "A value that does not fit makes the change fail."
        "Look for such values first, and change them.";
    LossyType "lossy-type" Danger "A column's new type keeps less of each value"
        "Fractions, times or letters are cut off, and nothing says which."
        "Add a column of the new type beside the old one, and compare.";
    Truncate "truncate" Danger "A table is emptied"
        "All rows are lost." "Delete what is to go by a condition.";
    TruncateCascade "truncate-cascade" Danger "TRUNCATE CASCADE empties other tables too"
        "Every table that refers to it is emptied, and those that refer to them."
        "Name the tables.";
    DeleteWithoutWhere "delete-without-where" Danger "All rows of a table are deleted"
        "There is no WHERE." "Write the condition; or TRUNCATE, if all is meant.";
    UpdateWithoutWhere "update-without-where" Danger "All rows of a table are changed"
        "There is no WHERE: what was there before is lost, and every row is locked."
        "Write the condition, and go in batches.";
    ReplaceRows "replace-rows" Warning "REPLACE deletes the rows it conflicts with"
        "Columns that are not named fall back to their defaults, and references cascade."
        "INSERT … ON CONFLICT … DO UPDATE.";
    SetNotNull "set-not-null" Warning "A column refuses NULL from now on"
        "It fails if a row has NULL, and nobody can use the table while its rows are read."
        "Add CHECK (… IS NOT NULL) NOT VALID and validate it: then SET NOT NULL reads nothing.";
    AddRequired "add-required-column" Warning "A new column must have a value and gets none"
        "It fails as soon as the table has a row."
        "Give it a default, or add it without NOT NULL, fill it, and then refuse NULL.";
    AddUnique "add-unique" Warning "Duplicates are refused from now on"
        "It fails if there are any, and the table cannot be used while the index is built."
        "Build a unique index CONCURRENTLY, then ADD CONSTRAINT … USING INDEX.";
    AddPrimaryKey "add-primary-key" Warning "A table gets a primary key"
        "It fails on duplicates and NULLs, and the table cannot be used while the index is built."
        "Refuse NULL, build a unique index CONCURRENTLY, then ADD PRIMARY KEY USING INDEX.";
    AddCheck "add-check" Warning "A check is added to rows that are there"
        "It fails if a row does not pass, and nobody can use the table while its rows are read."
        "ADD … NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own.";
    AddForeignKey "add-foreign-key" Warning "A foreign key is added to rows that are there"
        "It fails if a row refers to nothing, and nobody can write to either table meanwhile."
        "ADD … NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own.";
    AddExclusion "add-exclusion" Warning "An exclusion constraint is added to rows that are there"
        "It fails on rows that conflict, and nobody can use the table meanwhile."
        "There is no way without the lock: do it when it is quiet.";
    ValidateConstraint "validate-constraint" Notice "All rows are read to validate a constraint"
        "It fails if a row does not pass. Others can read and write meanwhile."
        "Look for such rows first.";
    ValidateInSameTransaction "validate-in-same-transaction" Warning
        "A constraint is added and validated in one transaction"
        "The strong lock of adding it is held while all rows are read."
        "Validate it in a transaction of its own.";
    RewriteTable "rewrite-table" Warning "A table is written anew"
        "Nobody can use it meanwhile, and it needs its size in free space."
        "Add a column beside the old one, fill it in batches, and swap the names.";
    ScanUnderLock "scan-under-lock" Warning "A table is read under a lock that nobody passes"
        "The lock lasts as long as the reading." "Do the reading under a weaker lock first.";
    ExclusiveLock "exclusive-lock" Notice "A table is locked against everybody for a moment"
        "It waits for the queries that run, and later ones wait behind it."
        "Set a short lock_timeout and try again.";
    BlocksWrites "blocks-writes" Notice "A table is locked against writes"
        "Whoever writes waits until it is done." "Do it when it is quiet.";
    LocksOtherTable "locks-other-table" Notice "Another table is locked too"
        "Those who use it wait as well." "Set a short lock_timeout, and do it when it is quiet.";
    NoLockTimeout "no-lock-timeout" Notice "Nothing limits how long a lock is waited for"
        "While a statement waits for a strong lock, everybody queues behind it."
        "SET lock_timeout = '4s' first, and try again when it runs out.";
    WorkAfterLock "work-after-lock" Warning "Slow work follows a strong lock in its transaction"
        "The lock is held until the transaction ends."
        "Put the slow statement into a migration of its own.";
    IndexNotConcurrent "index-not-concurrent" Warning "An index is built while nobody can write"
        "Nobody can write to the table until it is built."
        "CREATE INDEX CONCURRENTLY, outside a transaction.";
    DropIndexNotConcurrent "drop-index-not-concurrent" Notice
        "An index is dropped under a lock that nobody passes"
        "It waits for the queries that run, and later ones wait behind it."
        "DROP INDEX CONCURRENTLY, outside a transaction.";
    ReindexNotConcurrent "reindex-not-concurrent" Warning "An index is rebuilt while nobody can write"
        "Writes wait, and so do queries that would use the index." "REINDEX CONCURRENTLY.";
    ConcurrentlyInTransaction "concurrently-in-transaction" Danger
        "CONCURRENTLY cannot run inside a transaction"
        "The server refuses it (25001)." "Put it into a migration without a transaction.";
    NotInTransaction "not-in-transaction" Notice "A statement runs outside a transaction"
        "If it fails, a half-built index may stay behind, not valid."
        "Then drop that index, and run it again.";
    TransactionInMigration "transaction-in-migration" Warning
        "A migration begins or ends a transaction itself"
        "The one it runs in ends with it, and what follows is not undone when it fails."
        "Leave BEGIN and COMMIT out.";
    AddTrigger "add-trigger" Notice "A trigger is added to a table that is there"
        "Nobody can write while it is made, and every write runs it from then on."
        "Do it when it is quiet.";
    DropTrigger "drop-trigger" Warning "A trigger or rule is dropped"
        "What it kept right or wrote down is not any more." "Make sure that nothing relies on it.";
    DisableTrigger "disable-trigger" Warning "Triggers are switched off"
        "With ALL, foreign keys are not checked either, and nothing checks the rows later."
        "Switch them on again in the same transaction, and check the rows.";
    AddPartition "add-partition" Notice "A partition is added under a lock on the whole table"
        "CREATE TABLE … PARTITION OF locks the partitioned table against everybody."
        "Create the table alone, then ATTACH PARTITION.";
    DetachPartition "detach-partition" Warning "A partition is taken off under a strong lock"
        "Nobody can use the partitioned table meanwhile." "DETACH PARTITION … CONCURRENTLY.";
    RenameTable "rename-table" Warning "A table gets another name"
        "What uses the old name fails from that moment on."
        "Leave a view under the old name until nothing uses it.";
    RenameColumn "rename-column" Warning "A column gets another name"
        "What uses the old name fails from that moment on."
        "Add the new column, write both, and drop the old one later.";
    RenameObject "rename-object" Notice "Something gets another name"
        "What uses the old name fails from that moment on." "Look for what names it.";
    DropNotNull "drop-not-null" Notice "A column may be NULL from now on"
        "What reads it may not expect that." "Look for what reads it.";
    DropConstraint "drop-constraint" Warning "A constraint is dropped"
        "Rows it refused can come in, and then it cannot be added again."
        "Make sure that something else keeps the rows right.";
    DropIndex "drop-index" Notice "An index is dropped"
        "Queries that used it read the whole table." "Look at pg_stat_user_indexes first.";
    DropDefault "drop-default" Notice "A column loses its default"
        "Inserts that do not name it get NULL, or fail." "Look for what inserts.";
    DropPolicy "drop-policy" Danger "A row security policy is dropped"
        "A permissive one takes rows away from people, a restrictive one opens rows to them."
        "Make the new policy before the old one goes.";
    ChangePolicy "change-policy" Warning "Who sees which rows changes"
        "A mistake here shows people what is not theirs." "Try it as each role.";
    DisableRowSecurity "disable-row-security" Danger "Row security is switched off"
        "Everybody who may read the table sees all of its rows." "Change the policies instead.";
    EnableRowSecurity "enable-row-security" Warning "Row security is switched on"
        "Without a policy nobody but the owner sees any row."
        "Create the policies in the same transaction.";
    ChangePrivileges "change-privileges" Warning "Privileges change"
        "People or programs may lose access, or gain it." "Compare the grants before and after.";
    RemadeObject "remade-object" Notice "Something is dropped and made again"
        "It cannot be changed in place; it is locked, and nobody can use it, until that is done."
        "Do it when it is quiet.";
    ReplaceRoutine "replace-routine" Notice "A routine gets another body"
        "Calls from now on run the new one; what depends on how it worked is not checked."
        "Test what calls it.";
    SetLogged "set-logged" Warning "A table is written anew to change whether it survives a crash"
        "Nobody can use it meanwhile; the rows of an unlogged table are gone after a crash."
        "Do it when it is quiet.";
    VacuumFull "vacuum-full" Warning "VACUUM FULL writes a table anew"
        "Nobody can use it meanwhile, and it needs its size in free space." "VACUUM, or pg_repack.";
    Cluster "cluster" Warning "CLUSTER writes a table anew"
        "Nobody can use it meanwhile." "pg_repack, or do it when it is quiet.";
    RefreshNotConcurrent "refresh-not-concurrent" Warning
        "A materialized view is filled while nobody can read it"
        "Whoever reads it waits." "REFRESH MATERIALIZED VIEW CONCURRENTLY, with a unique index.";
    LockTable "lock-table" Warning "A table is locked explicitly"
        "Others wait until the transaction ends." "Take the weakest mode that does.";
    LabelInSameTransaction "label-in-same-transaction" Danger
        "A new enum label is used in the transaction that adds it"
        "The server refuses to use it before the transaction ends (55P04)."
        "Use it in the next migration.";
    RebuildTable "rebuild-table" Warning "A table is copied into a new form of itself"
        "SQLite cannot change it in place. Nobody can write to the file until all rows are copied."
        "Do it when it is quiet, and after a backup.";
    RebuildLosesParts "rebuild-loses-parts" Danger "A rebuilt table loses what was attached to it"
        "Dropping the old table drops its indexes and triggers, and nothing here makes them again."
        "Create them again after the rename.";
    CounterReset "counter-reset" Warning "A rebuilt AUTOINCREMENT table may count from the start"
        "Its counter in sqlite_sequence goes with the old table, so numbers are given out again."
        "Copy the counter in the same transaction.";
    ForeignKeysInTransaction "foreign-keys-in-transaction" Danger
        "PRAGMA foreign_keys does nothing inside a transaction"
        "SQLite ignores it there, so a DROP TABLE that follows cascades into other tables."
        "Put it into a migration without a transaction, or use PRAGMA defer_foreign_keys.";
    DoubleQuotedText "double-quoted-text" Warning "Double quotes may stand for a text here"
        "Where no column has that name SQLite silently takes it for a string."
        "Write texts in single quotes.";
    WritableSchema "writable-schema" Danger "The schema table is written to directly"
        "A mistake makes the file unreadable." "ALTER TABLE, or rebuild the table.";
    NonConstantDefault "non-constant-default" Warning "A column is added with a computed default"
        "SQLite refuses it on a table that has rows."
        "Add it without a default, fill it, and rebuild the table.";
    UnindexedForeignKey "unindexed-foreign-key" Notice "A foreign key has no index on its side"
        "Each delete in the table referred to reads all of this one." "Add an index.";
    JsonColumn "json-column" Notice "A column is json, not jsonb"
        "json has no equality: DISTINCT, GROUP BY and UNION fail on it." "Use jsonb.";
    CharColumn "char-column" Notice "A column is char(n)"
        "It is padded with blanks, and the blanks count in some places and not in others."
        "Use text, with a check on the length.";
    TimestampWithoutZone "timestamp-without-zone" Notice "A time without a time zone"
        "It is not a moment: what it means depends on who reads it." "Use timestamptz.";
    SmallKey "small-key" Notice "A key of four bytes or less numbers itself"
        "It ends at 2 147 483 647, and changing it then writes the table anew." "Use bigint.";
    UnknownAllowance "unknown-allowance" Notice "A comment allows something that is no rule"
        "It silences nothing." "Write the rule's name as it is reported.";
}

impl Rule {
    /// All rules.
    pub fn all() -> impl Iterator<Item = Self> {
        RULES.iter().map(|entry| entry.rule)
    }

    /// The rule of a name.
    pub fn from_id(id: &str) -> Option<Self> {
        RULES.iter().find(|entry| entry.id == id).map(|entry| entry.rule)
    }

    /// The name it goes by in configurations, comments and JSON.
    pub fn id(self) -> &'static str {
        self.entry().map_or("", |entry| entry.id)
    }

    /// How much it weighs where nothing was measured.
    pub fn severity(self) -> Severity {
        self.entry().map_or(Severity::Danger, |entry| entry.severity)
    }

    /// What it is about, as a sentence without a full stop.
    pub fn title(self) -> &'static str {
        self.entry().map_or("", |entry| entry.title)
    }

    /// Why it matters.
    pub fn why(self, dialect: Dialect) -> &'static str {
        let of_sqlite = self.of_sqlite(dialect).map(|(why, _)| why);
        of_sqlite.unwrap_or_else(|| self.entry().map_or("", |entry| entry.why))
    }

    /// The safer way.
    pub fn safer(self, dialect: Dialect) -> &'static str {
        let of_sqlite = self.of_sqlite(dialect).map(|(_, safer)| safer);
        of_sqlite.unwrap_or_else(|| self.entry().map_or("", |entry| entry.safer))
    }

    /// What SQLite has otherwise: no lock is held there beyond the file's own, and there is one
    /// way to do a thing.
    fn of_sqlite(self, dialect: Dialect) -> Option<(&'static str, &'static str)> {
        let rows = "Look for such rows first, and change them.";
        match self {
            _ if dialect != Dialect::Sqlite => None,
            Self::SetNotNull => Some(("It fails if a row has NULL.", "Fill those rows first.")),
            Self::AddUnique => Some(("It fails if there are any.", rows)),
            Self::DropIndex => Some((self.why(Dialect::Postgres), "Look for what uses it.")),
            _ => None,
        }
    }

    /// What is done about it where nothing is configured. Matters of taste are left alone.
    pub fn default_policy(self) -> Policy {
        match self {
            Self::JsonColumn | Self::CharColumn | Self::TimestampWithoutZone | Self::SmallKey => {
                Policy::Ignore
            }
            _ => Policy::Warn,
        }
    }

    fn entry(self) -> Option<&'static Entry> {
        RULES.iter().find(|entry| entry.rule == self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_says_why() {
        let ids: BTreeSet<&str> = Rule::all().map(Rule::id).collect();
        assert_eq!(ids.len(), Rule::all().count());
        for rule in Rule::all() {
            assert_eq!(Rule::from_id(rule.id()), Some(rule));
            assert!(rule.id().chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'));
            assert!(!rule.title().ends_with('.'), "{}", rule.id());
            for dialect in [Dialect::Postgres, Dialect::Sqlite] {
                let told = [rule.why(dialect), rule.safer(dialect)];
                assert!(told.iter().all(|told| told.ends_with('.')), "{}", rule.id());
            }
        }
        assert_eq!(Rule::from_id("no-such-rule"), None);
    }
}
