//! The shape of PostgreSQL's tables, from the model.

use std::collections::BTreeMap;

use super::expression::{self, Expression, Relation};
use super::shape::{Column, Form, Origin, Reference, Shape, Sort, Table, Unique};
use crate::migrations::ledger::SCHEMA;
use crate::schema::RelationName;
use crate::schema::model::{Body, Constraint, ConstraintKind, Key, Kind, Model, is_history_table};
use crate::schema::type_name::TypeName;
use crate::sql::Dialect;
use crate::sql::lexer::{Token, TokenKind, tokens};

/// The shape of a model's tables.
pub(super) fn shape(model: &Model) -> Shape {
    let types = Types::new(model);
    let mut tables = BTreeMap::new();
    for (key, table) in model.tables() {
        let is_kept = is_history_table(&key.name) || key.schema == SCHEMA;
        if table.partition_of.is_some() || is_kept {
            continue;
        }
        let mut found = parts(model, key, &table.order, &types);
        if table.partition_by.is_some() {
            found.partitions = Some(partitions(model, key, &Vec::new()));
        }
        tables.insert(RelationName::new(&key.schema, &key.name), found);
    }
    Shape { dialect: Dialect::Postgres, tables }
}

fn parts(model: &Model, key: &Key, order: &[String], types: &Types<'_>) -> Table {
    let columns: Vec<Column> =
        order.iter().filter_map(|name| column(model, key, name, types)).collect();
    let mut table = Table {
        columns,
        primary: Vec::new(),
        uniques: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        partitions: None,
    };
    for (_, object) in model.parts(key) {
        match &object.body {
            Body::Constraint(found) => constraint(found, &mut table),
            Body::Index(index) if index.unique => {
                let columns = indexed(&index.definition, &table);
                if !columns.is_empty() {
                    let nulls_same = index.definition.contains("NULLS NOT DISTINCT");
                    table.uniques.push(Unique { columns, nulls_same });
                }
            }
            _ => {}
        }
    }
    table
}

fn column(model: &Model, key: &Key, name: &str, types: &Types<'_>) -> Option<Column> {
    let found = model.column(&key.child(Kind::Column, name))?;
    let default = model.body(&key.child(Kind::Default, name));
    let counts = |body: &Body| match body {
        Body::Default { expression } => expression.starts_with("nextval("),
        _ => false,
    };
    let origin = match (&found.identity, &found.generated) {
        (_, Some(_)) => Origin::Computed,
        (Some(identity), _) => Origin::Numbered { always: identity.always },
        _ if default.is_some_and(counts) => Origin::Numbered { always: false },
        _ => Origin::Written,
    };
    let sort = types.sort(&found.type_name, 0);
    let refuses_null = types.refuses_null(&found.type_name);
    Some(Column {
        name: name.to_owned(),
        type_name: found.type_name.clone(),
        sort,
        nullable: !found.not_null && !refuses_null,
        default: default.is_some() || found.identity.is_some(),
        origin,
    })
}

fn constraint(found: &Constraint, table: &mut Table) {
    let place = |name: &String| table.place(Dialect::Postgres, name);
    let columns: Option<Vec<usize>> = found.columns.iter().map(place).collect();
    let Some(columns) = columns else { return };
    match found.kind {
        ConstraintKind::Primary => {
            table.primary.clone_from(&columns);
            table.uniques.push(Unique { columns, nulls_same: true });
        }
        ConstraintKind::Unique => {
            let nulls_same = found.definition.contains("NULLS NOT DISTINCT");
            table.uniques.push(Unique { columns, nulls_same });
        }
        ConstraintKind::Foreign => {
            let Some(target) = &found.references else { return };
            table.references.push(Reference {
                columns,
                target: RelationName::new(&target.schema, &target.name),
                target_columns: found.referenced_columns.clone(),
                deferrable: found.definition.contains(" DEFERRABLE"),
            });
        }
        ConstraintKind::Check => table.checks.push(expression::read_check(&found.definition)),
        ConstraintKind::Exclusion => {}
    }
}

/// The columns a unique index reads, those inside expressions too: what differs in them mostly
/// differs in the index.
fn indexed(definition: &str, table: &Table) -> Vec<usize> {
    let keys = definition.split_once(" USING ").map_or(definition, |(_, keys)| keys);
    let mut places = Vec::new();
    let mut depth = 0;
    for token in tokens(Dialect::Postgres, keys).iter().filter(|token| token.significant()) {
        match token.text(keys) {
            "(" => depth += 1,
            ")" => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
        let is_name = matches!(
            token.kind,
            TokenKind::Identifier | TokenKind::QuotedIdentifier | TokenKind::Keyword
        );
        let place = token.name(keys).filter(|_| is_name && depth > 0);
        if let Some(place) = place.and_then(|name| table.place(Dialect::Postgres, &name))
            && !places.contains(&place)
        {
            places.push(place);
        }
    }
    places
}

/// What each partition that holds rows asks of the columns of its table.
fn partitions(model: &Model, key: &Key, above: &[Expression]) -> Vec<Vec<Expression>> {
    let by = model.table(key).and_then(|table| table.partition_by.clone()).unwrap_or_default();
    let columns = partition_columns(&by);
    let mut found = Vec::new();
    for (child, table) in model.tables() {
        let Some(of) = table.partition_of.as_ref().filter(|of| of.parent == *key) else { continue };
        let mut asked = above.to_vec();
        asked.extend(bounds(&of.bounds, &columns));
        if table.partition_by.is_some() {
            found.extend(partitions(model, child, &asked));
        } else {
            found.push(asked);
        }
    }
    found
}

/// The columns in `RANGE (created_at, id)`.
fn partition_columns(by: &str) -> Vec<String> {
    let inside = by.split_once('(').map_or("", |(_, inside)| inside);
    let all = tokens(Dialect::Postgres, inside);
    let names = all.iter().filter(|token| {
        matches!(
            token.kind,
            TokenKind::Identifier | TokenKind::QuotedIdentifier | TokenKind::Keyword
        )
    });
    names.filter_map(|token| token.name(inside)).collect()
}

/// What `FOR VALUES …` asks; nothing for a default partition or one by hash.
fn bounds(text: &str, columns: &[String]) -> Vec<Expression> {
    let Some(first) = columns.first() else { return Vec::new() };
    let column = || Box::new(Expression::Column(first.clone()));
    let all: Vec<Token> =
        tokens(Dialect::Postgres, text).into_iter().filter(Token::significant).collect();
    let is = |token: &Token, word: &str| token.is_word(text, word);
    let literals = |from: usize| -> Vec<Option<Expression>> {
        let rest = all.iter().skip(from).skip_while(|token| token.text(text) != "(").skip(1);
        let rest = rest.take_while(|token| token.text(text) != ")");
        let inner: Vec<&Token> = rest.collect();
        inner
            .split(|token| token.text(text) == ",")
            .map(|tokens| {
                let start = tokens.first()?.range.start;
                let end = tokens.last()?.range.end;
                let item = text.get(start..end)?;
                let endless =
                    item.eq_ignore_ascii_case("MINVALUE") || item.eq_ignore_ascii_case("MAXVALUE");
                (!endless).then(|| expression::read(Dialect::Postgres, item))
            })
            .collect()
    };
    if let Some(at) = all.iter().position(|token| is(token, "in")) {
        let items = literals(at).into_iter().flatten().collect();
        return vec![Expression::In(column(), items)];
    }
    let (Some(from), Some(to)) = (
        all.iter().position(|token| is(token, "from")),
        all.iter().position(|token| is(token, "to")),
    ) else {
        return Vec::new();
    };
    let bound = |at: usize, relation: Relation| {
        let item = literals(at).into_iter().next()??;
        Some(Expression::Compare(relation, column(), Box::new(item)))
    };
    // Where several columns bound it, being less in the first is enough.
    let low = bound(from, Relation::MoreOrSame);
    let high = bound(to, Relation::Less);
    low.into_iter().chain(high).collect()
}

/// The types a model makes, by the name `format_type` gives them.
struct Types<'m> {
    model: &'m Model,
    made: BTreeMap<String, &'m Key>,
}

impl<'m> Types<'m> {
    fn new(model: &'m Model) -> Self {
        let kinds = [Kind::Enum, Kind::Composite, Kind::Range, Kind::Domain];
        let keys = kinds.into_iter().flat_map(|kind| model.of_kind(kind));
        let name = |name: &str| Dialect::Postgres.name(name);
        let made = keys.map(|(key, _)| (format!("{}.{}", name(&key.schema), name(&key.name)), key));
        Self { model, made: made.collect() }
    }

    fn find(&self, type_name: &str) -> Option<&'m Body> {
        self.made.get(type_name).and_then(|key| self.model.body(key))
    }

    fn refuses_null(&self, type_name: &str) -> bool {
        match self.find(type_name) {
            Some(Body::Domain(domain)) => domain.not_null || self.refuses_null(&domain.base),
            _ => false,
        }
    }

    fn sort(&self, type_name: &str, depth: usize) -> Sort {
        if depth > 8 {
            return Sort::Unknown;
        }
        let inner = |name: &str| self.sort(name, depth + 1);
        if let Some(item) = type_name.strip_suffix("[]") {
            return Sort::Array(Box::new(inner(item.trim_end_matches("[]"))));
        }
        match self.find(type_name) {
            Some(Body::Enum { labels }) => return Sort::Label(labels.clone()),
            Some(Body::Composite { attributes }) => {
                return Sort::Fields(attributes.iter().map(|one| inner(&one.type_name)).collect());
            }
            Some(Body::Range { definition }) => {
                let subtype = definition
                    .split(['(', ',', ')'])
                    .find_map(|part| part.trim().strip_prefix("subtype = "));
                let subtype = subtype.unwrap_or_default().trim();
                return Sort::Range(Box::new(inner(subtype)));
            }
            Some(Body::Domain(domain)) => {
                let checks = domain.checks.iter();
                let checks = checks.map(|check| expression::read_check(&check.definition));
                return Sort::Domain(Box::new(inner(&domain.base)), checks.collect());
            }
            _ => {}
        }
        native(type_name)
    }
}

/// The server's own types (manual, chapter 8), and those of well-known extensions.
fn native(type_name: &str) -> Sort {
    let taken = TypeName::of(type_name);
    let argument = |at: usize| taken.arguments.get(at).copied();
    let length = || argument(0).and_then(|length| usize::try_from(length).ok());
    let base = taken.base.rsplit('.').next().unwrap_or_default().trim_matches('"');
    match base {
        "smallint" => Sort::Integer(i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => Sort::Integer(i64::from(i32::MIN), i64::from(i32::MAX)),
        "bigint" => Sort::Integer(i64::MIN, i64::MAX),
        "oid" | "xid" | "cid" => Sort::Integer(0, i64::from(u32::MAX)),
        "numeric" => {
            let precision = argument(0).and_then(|digits| u32::try_from(digits).ok());
            let scale = argument(1).and_then(|digits| u32::try_from(digits).ok());
            match precision {
                Some(all) => {
                    let after = scale.unwrap_or(0).min(all);
                    Sort::Decimal(all - after, after)
                }
                None => Sort::Decimal(9, 2),
            }
        }
        "real" | "double precision" => Sort::Float,
        "money" => Sort::Form(Form::Money),
        "boolean" => Sort::Truth,
        "character varying" | "bpchar" => Sort::Text(length()),
        "character" => Sort::Text(Some(length().unwrap_or(1))),
        "\"char\"" | "char" => Sort::Text(Some(1)),
        "text" | "citext" => Sort::Text(None),
        "name" => Sort::Text(Some(63)),
        "bytea" => Sort::Bytes,
        "date" => Sort::Date,
        "interval" => Sort::Span,
        "uuid" => Sort::Uuid,
        "json" | "jsonb" => Sort::Json,
        "bit" => Sort::Bits(length().unwrap_or(1), false),
        "bit varying" => Sort::Bits(length().unwrap_or(16), true),
        _ => formed(base),
    }
}

fn formed(base: &str) -> Sort {
    if base.starts_with("interval") {
        return Sort::Span;
    }
    if base.starts_with("timestamp") {
        return Sort::Moment(!base.contains("without"));
    }
    if base.starts_with("time") {
        return Sort::Time(!base.contains("without"));
    }
    let (range, several) = match base.strip_suffix("multirange") {
        Some(range) => (range, true),
        None => (base.strip_suffix("range").unwrap_or_default(), false),
    };
    let below = match range {
        "int4" => Some(Sort::Integer(i64::from(i32::MIN), i64::from(i32::MAX))),
        "int8" => Some(Sort::Integer(i64::MIN, i64::MAX)),
        "num" => Some(Sort::Decimal(9, 2)),
        "ts" => Some(Sort::Moment(false)),
        "tstz" => Some(Sort::Moment(true)),
        "date" => Some(Sort::Date),
        _ => None,
    };
    if let Some(below) = below.map(Box::new) {
        return if several { Sort::Ranges(below) } else { Sort::Range(below) };
    }
    Sort::Form(match base {
        "inet" => Form::Inet,
        "cidr" => Form::Cidr,
        "macaddr" => Form::Mac,
        "macaddr8" => Form::Mac8,
        "point" => Form::Point,
        "line" => Form::Line,
        "lseg" => Form::Segment,
        "box" => Form::Rectangle,
        "path" | "polygon" => Form::Outline,
        "circle" => Form::Circle,
        "tsvector" => Form::Words,
        "tsquery" => Form::Search,
        "xml" => Form::Xml,
        "hstore" => Form::Pairs,
        "ltree" => Form::Labels,
        "pg_lsn" => Form::Place,
        "jsonpath" => Form::JsonPath,
        _ => return Sort::Unknown,
    })
}
