//! A random schema as SQL, in an order that works: the script a person could have written. Tables
//! and their columns are here, what hangs on them in `write_parts`.

use super::random::Random;
use super::repair::is_generated;
use super::values::{built, quoted};
use super::world::{Column, Id, Rule1, Sequence, Slot, Sort, Strategy, Table, Value, What, World};

/// The whole script.
pub fn sql(world: &World) -> String {
    let mut out: Vec<String> = Vec::new();
    let early = |what: &What| match what {
        What::Routine(routine) => !needs_relation(routine.sort),
        What::Collation { .. } | What::Enum { .. } | What::Domain { .. } => true,
        What::Composite { .. } | What::Range { .. } | What::Sequence(_) => true,
        _ => false,
    };
    let late = |what: &What| match what {
        What::Routine(routine) => needs_relation(routine.sort),
        _ => matches!(what, What::View(_)),
    };
    for id in world.all(|what| *what == What::Schema) {
        out.push(format!("CREATE SCHEMA {}", world.named(id)));
    }
    for id in world.all(early).into_iter().chain(world.tables()) {
        out.extend(world.creation(id));
    }
    out.extend(world.constraint_statements());
    for id in world.all(late) {
        out.extend(world.creation(id));
    }
    out.extend(world.index_statements(true));
    out.extend(world.part_statements());
    for id in world.tables() {
        out.extend(world.table_extras(id));
    }
    for id in world.all(|what| matches!(what, What::Sequence(_))) {
        if let Some(What::Sequence(Sequence { owner: Some(owner), .. })) =
            world.get(id).map(|it| &it.what)
            && let Some((column, body)) = world.get(*owner).zip(world.column(*owner))
        {
            let name = body.again.and_then(|again| world.get(again)).unwrap_or(column);
            let column = format!("{}.{}", world.named(column.of), quoted(&name.name));
            out.push(format!("ALTER SEQUENCE {} OWNED BY {column}", world.named(id)));
        }
    }
    out.extend(world.comment_statements());
    out.extend(world.grant_statements());
    out.iter().map(|statement| format!("{statement};\n")).collect()
}

fn needs_relation(sort: Sort) -> bool {
    matches!(sort, Sort::Rows(_) | Sort::Parsed(_) | Sort::Reads(_))
}

impl World {
    /// The statements that make what stands in a schema.
    fn creation(&self, id: Id) -> Vec<String> {
        let Some(item) = self.get(id) else { return Vec::new() };
        let named = self.named(id);
        let statement = match &item.what {
            What::Collation { locale } => {
                let with = [
                    "provider = icu, locale = 'de'",
                    "provider = icu, locale = 'und-u-ks-level2', deterministic = false",
                    "provider = libc, locale = 'C'",
                ][*locale];
                format!("CREATE COLLATION {named} ({with})")
            }
            What::Enum { labels } => {
                let labels: Vec<String> =
                    labels.iter().map(|it| super::values::literal(it)).collect();
                format!("CREATE TYPE {named} AS ENUM ({})", labels.join(", "))
            }
            What::Domain { base, not_null, default, checks } => {
                let mut sql = format!("CREATE DOMAIN {named} AS {}", self.type_sql(*base));
                if let Some(number) = default {
                    sql.push_str(&format!(" DEFAULT {}", self.value(*base, *number)));
                }
                if *not_null {
                    sql.push_str(" NOT NULL");
                }
                for (name, flavour) in checks {
                    let expr = super::world::Expr { column: 0, flavour: *flavour, function: None };
                    let condition = self.condition(&expr, *base, "VALUE");
                    sql.push_str(&format!(" CONSTRAINT {} CHECK ({condition})", quoted(name)));
                }
                sql
            }
            What::Composite { attributes } => {
                let lines: Vec<String> = attributes
                    .iter()
                    .map(|(name, kind)| format!("{} {}", quoted(name), self.type_sql(*kind)))
                    .collect();
                format!("CREATE TYPE {named} AS ({})", lines.join(", "))
            }
            What::Range { subtype } => {
                format!("CREATE TYPE {named} AS RANGE (subtype = {subtype})")
            }
            What::Sequence(sequence) => sequence_sql(&named, sequence),
            What::Routine(_) => self.routine_sql(id),
            What::Table(table) => return self.table_sql(id, table),
            What::View(view) => return self.view_sql(id, view),
            _ => return Vec::new(),
        };
        vec![statement]
    }

    fn table_lines(&self, id: Id, attached: Option<u64>) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        match attached {
            Some(seed) => {
                let columns = Random::new(seed).shuffled(&self.columns(id));
                let line =
                    |id: &Id| self.column(*id).map(|column| self.copied_line(*id, column, seed));
                lines.extend(columns.iter().filter_map(line));
            }
            None => {
                let own = self.own_columns(id);
                lines.extend(
                    own.iter().filter_map(|id| {
                        self.column(*id).map(|column| self.column_line(*id, column))
                    }),
                );
            }
        }
        if self.is_inline(id) {
            lines.extend(self.inline_constraints(id));
        }
        lines
    }

    fn table_sql(&self, id: Id, table: &Table) -> Vec<String> {
        let named = self.named(id);
        let unlogged = if table.unlogged { "UNLOGGED " } else { "" };
        let attached = table.partition_of.as_ref().and_then(|slot| slot.attached);
        let lines = self.table_lines(id, attached);
        let mut sql = format!("CREATE {unlogged}TABLE {named}");
        let made_as = table.partition_of.as_ref().filter(|slot| slot.attached.is_none());
        if let Some(slot) = made_as {
            sql.push_str(&format!(" PARTITION OF {}", self.named(slot.parent)));
        }
        if made_as.is_none() || !lines.is_empty() {
            sql.push_str(&format!(" ({})", lines.join(", ")));
        }
        if !table.inherits.is_empty() {
            let parents: Vec<String> = table.inherits.iter().map(|id| self.named(*id)).collect();
            sql.push_str(&format!(" INHERITS ({})", parents.join(", ")));
        }
        if let Some(slot) = made_as {
            sql.push_str(&format!(" {}", self.bounds(slot)));
        }
        if let Some((strategy, key)) = table.partition_by
            && let Some(key) = self.get(key)
        {
            let word = match strategy {
                Strategy::List => "LIST",
                Strategy::Range => "RANGE",
                Strategy::Hash => "HASH",
            };
            sql.push_str(&format!(" PARTITION BY {word} ({})", quoted(&key.name)));
        }
        let options = table_options(table.options);
        if !options.is_empty() {
            sql.push_str(&format!(" WITH ({options})"));
        }
        let mut out = vec![sql];
        if let (Some(slot), Some(_)) = (&table.partition_of, attached) {
            let parent = self.named(slot.parent);
            out.push(format!(
                "ALTER TABLE {parent} ATTACH PARTITION {named} {}",
                self.bounds(slot)
            ));
        }
        out
    }

    /// Whether constraints stand inside CREATE TABLE: with tables below, they come later.
    pub fn is_inline(&self, id: Id) -> bool {
        self.table(id).is_some_and(|table| {
            table.inline && table.partition_of.as_ref().is_none_or(|slot| slot.attached.is_none())
        }) && self.children(id).is_empty()
    }

    fn inline_constraints(&self, table: Id) -> Vec<String> {
        let parts = self.parts(table).into_iter();
        let plain = parts.filter(|id| {
            self.constraint(*id).is_some_and(|it| it.kind != Rule1::Foreign && !it.not_valid)
        });
        plain.filter_map(|id| self.constraint_sql(id)).collect()
    }

    fn bounds(&self, slot: &Slot) -> String {
        let strategy = self.table(slot.parent).and_then(|it| it.partition_by).map(|(by, _)| by);
        let n = slot.number;
        match strategy {
            Some(Strategy::Hash) => format!("FOR VALUES WITH (MODULUS 4, REMAINDER {n})"),
            _ if n == 0 => "DEFAULT".to_owned(),
            Some(Strategy::List) => format!("FOR VALUES IN ({n})"),
            _ => format!("FOR VALUES FROM ({}) TO ({})", n * 10, n * 10 + 10),
        }
    }

    /// A column of a partition that is made for itself.
    fn copied_line(&self, id: Id, column: &Column, seed: u64) -> String {
        let name = self.get(id).map(|item| quoted(&item.name)).unwrap_or_default();
        let mut line = format!("{name} {}", self.type_sql(column.kind));
        if let Some(collation) = column.collation {
            line.push_str(&format!(" COLLATE {}", self.named(collation)));
        }
        let numbered = matches!(column.value, Value::Serial | Value::Identity { .. });
        if is_generated(column) || (seed.is_multiple_of(2) && !numbered) {
            line.push_str(&self.value_clause(column));
        }
        if self.is_strict(id, column) {
            line.push_str(" NOT NULL");
        }
        line
    }

    /// Whether a column refuses NULL, for whatever reason there is.
    fn is_strict(&self, id: Id, column: &Column) -> bool {
        let keyed = self.all(|what| {
            matches!(what, What::Constraint(it) if it.kind == Rule1::Primary && it.columns.contains(&id))
        });
        let numbered = matches!(column.value, Value::Serial | Value::Identity { .. });
        column.not_null || numbered || !keyed.is_empty()
    }

    fn column_line(&self, id: Id, column: &Column) -> String {
        let name = match column.again.and_then(|again| self.get(again)) {
            Some(theirs) => quoted(&theirs.name),
            None => self.get(id).map(|item| quoted(&item.name)).unwrap_or_default(),
        };
        let kind = self.type_sql(column.kind);
        let kind = match (&column.value, kind.as_str()) {
            (Value::Serial, "smallint") => "smallserial".to_owned(),
            (Value::Serial, "bigint") => "bigserial".to_owned(),
            (Value::Serial, _) => "serial".to_owned(),
            _ => kind,
        };
        let mut line = format!("{name} {kind}");
        if let Some(collation) = column.collation {
            line.push_str(&format!(" COLLATE {}", self.named(collation)));
        }
        line.push_str(&self.value_clause(column));
        if column.not_null {
            line.push_str(" NOT NULL");
        }
        line
    }

    fn value_clause(&self, column: &Column) -> String {
        match &column.value {
            Value::None | Value::Serial => String::new(),
            Value::Literal(number) => format!(" DEFAULT {}", self.value(column.kind, *number)),
            Value::Function(function) => format!(" DEFAULT {}()", self.named(*function)),
            Value::Sequence(sequence) => {
                let name = super::values::literal(&self.named(*sequence));
                format!(" DEFAULT nextval({name})")
            }
            Value::Identity { always, start, step } => {
                let word = if *always { "ALWAYS" } else { "BY DEFAULT" };
                let options = if (*start, *step) == (1, 1) {
                    String::new()
                } else {
                    format!(" (START WITH {start} INCREMENT BY {step})")
                };
                format!(" GENERATED {word} AS IDENTITY{options}")
            }
            Value::Generated(from, flavour) => {
                let (Some(source), Some(item)) = (self.column(*from), self.get(*from)) else {
                    return String::new();
                };
                let (expression, _) = self.generation(source.kind, &quoted(&item.name), *flavour);
                format!(" GENERATED ALWAYS AS ({expression}) STORED")
            }
            Value::Clock => {
                let say = |text: &str| format!(" DEFAULT {text}");
                if column.kind == built("uuid") {
                    say("gen_random_uuid()")
                } else if column.kind == built("text") {
                    say("CURRENT_USER")
                } else if column.kind == built("timestamp(3) with time zone") {
                    say("now()")
                } else {
                    String::new()
                }
            }
        }
    }

    /// What is said of a table and its columns once they and their parts are there.
    fn table_extras(&self, id: Id) -> Vec<String> {
        let mut out = Vec::new();
        let Some(table) = self.table(id) else { return out };
        let named = self.named(id);
        let mut alter = |clause: String| out.push(format!("ALTER TABLE {named} {clause}"));
        for column_id in self.own_columns(id) {
            let (Some(column), Some(item)) = (self.column(column_id), self.get(column_id)) else {
                continue;
            };
            let own = column.again.and_then(|again| self.get(again)).unwrap_or(item);
            let name = quoted(&own.name);
            let long = matches!(self.type_sql(column.kind).as_str(), "text" | "bytea" | "jsonb");
            if long && column.storage & 1 == 1 {
                alter(format!(
                    "ALTER COLUMN {name} SET STORAGE {}",
                    if column.storage & 2 == 0 { "EXTERNAL" } else { "MAIN" }
                ));
            }
            if long && column.storage & 4 == 4 && self.version >= 140_000 {
                alter(format!("ALTER COLUMN {name} SET COMPRESSION pglz"));
            }
            if let Some(target) = column.statistics {
                alter(format!("ALTER COLUMN {name} SET STATISTICS {target}"));
            }
            if column.options > 0 {
                alter(format!("ALTER COLUMN {name} SET (n_distinct = {})", column.options));
            }
        }
        if table.security & 1 == 1 {
            alter("ENABLE ROW LEVEL SECURITY".to_owned());
        }
        if table.security & 2 == 2 {
            alter("FORCE ROW LEVEL SECURITY".to_owned());
        }
        match table.replica % 4 {
            1 => alter("REPLICA IDENTITY FULL".to_owned()),
            2 => alter("REPLICA IDENTITY NOTHING".to_owned()),
            _ => {}
        }
        if let Some(index) = table.clustered
            && let Some(What::Index(body)) = self.get(index).map(|it| &it.what)
            && body.named
            && body.method == "btree"
            && body.filter.is_none()
            && let Some(item) = self.get(index)
        {
            alter(format!("CLUSTER ON {}", quoted(&item.name)));
        }
        out
    }
}

fn sequence_sql(named: &str, sequence: &Sequence) -> String {
    let unlogged = if sequence.unlogged { "UNLOGGED " } else { "" };
    let mut sql = format!(
        "CREATE {unlogged}SEQUENCE {named} AS {} START WITH {} INCREMENT BY {} CACHE {}",
        sequence.type_name, sequence.start, sequence.step, sequence.cache
    );
    if let Some(most) = sequence.most {
        sql.push_str(&format!(" MAXVALUE {most}"));
    }
    if sequence.cycle {
        sql.push_str(" CYCLE");
    }
    sql
}

fn table_options(options: u32) -> String {
    let all = ["fillfactor = 70", "autovacuum_enabled = false", "toast.autovacuum_enabled = false"];
    let said = all.iter().enumerate().filter(|(bit, _)| options >> bit & 1 == 1);
    said.map(|(_, option)| *option).collect::<Vec<_>>().join(", ")
}
