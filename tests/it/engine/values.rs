//! What the types of a random schema can do, their values, and expressions over columns, as SQL:
//! always such as fit the type a column has now.

use super::world::{Base, Expr, Id, Sort, Type, What, World};

/// The built-in types that columns have.
pub const BUILT: &[&str] = &[
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "numeric(12,2)",
    "real",
    "double precision",
    "text",
    "character varying(40)",
    "character varying(60)",
    "character(5)",
    "boolean",
    "date",
    "timestamp without time zone",
    "timestamp(3) with time zone",
    "time without time zone",
    "interval",
    "uuid",
    "json",
    "jsonb",
    "bytea",
    "inet",
    "bit(4)",
    "point",
    "int4range",
    "tsvector",
    "macaddr",
];

/// What can be done with a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Number,
    Text,
    Boolean,
    Moment,
    Enum,
    Range,
    Json,
    Composite,
    Other,
}

pub fn built(name: &'static str) -> Type {
    Type { base: Base::Built(name), array: false }
}

/// An identifier, always quoted.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal.
pub fn literal(text: &str) -> String {
    let text = text.replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\"))
    } else {
        format!("'{text}'")
    }
}

impl World {
    /// The qualified name of what stands in a schema.
    pub fn named(&self, id: Id) -> String {
        let Some(item) = self.get(id) else { return String::new() };
        match self.get(item.of) {
            Some(schema) => format!("{}.{}", quoted(&schema.name), quoted(&item.name)),
            None => quoted(&item.name),
        }
    }

    /// A type as SQL.
    pub fn type_sql(&self, kind: Type) -> String {
        let base = match kind.base {
            Base::Built(name) => name.to_owned(),
            Base::User(id) => self.named(id),
        };
        if kind.array { format!("{base}[]") } else { base }
    }

    /// The built-in type below domains.
    pub fn below(&self, kind: Type) -> Type {
        let Base::User(id) = kind.base else { return kind };
        match self.get(id).map(|item| &item.what) {
            Some(What::Domain { base, .. }) if !kind.array => self.below(*base),
            _ => kind,
        }
    }

    pub fn family_of(&self, kind: Type) -> Family {
        let kind = self.below(kind);
        if kind.array {
            return Family::Other;
        }
        match kind.base {
            Base::Built(name) => match name {
                "smallint" | "integer" | "bigint" | "real" | "double precision" => Family::Number,
                _ if name.starts_with("numeric") => Family::Number,
                _ if name == "text" || name.starts_with("character") => Family::Text,
                "boolean" => Family::Boolean,
                "date" => Family::Moment,
                _ if name.starts_with("timestamp") => Family::Moment,
                "int4range" => Family::Range,
                "json" | "jsonb" => Family::Json,
                _ => Family::Other,
            },
            Base::User(id) => match self.get(id).map(|item| &item.what) {
                Some(What::Enum { .. }) => Family::Enum,
                Some(What::Range { .. }) => Family::Range,
                Some(What::Composite { .. }) => Family::Composite,
                _ => Family::Other,
            },
        }
    }

    /// Whether values can be sorted, and so be keys.
    pub fn is_sortable(&self, kind: Type) -> bool {
        let element = Type { array: false, ..self.below(kind) };
        match self.below(element).base {
            Base::Built(name) => !matches!(name, "json" | "point"),
            Base::User(id) => match self.get(id).map(|item| &item.what) {
                Some(What::Composite { attributes }) => {
                    attributes.iter().all(|(_, kind)| self.is_sortable(*kind))
                }
                _ => true,
            },
        }
    }

    /// Whether a type is a domain over one whose operators are those of `anyenum`, `anyarray`,
    /// `anyrange` or `record`: the server finds none for the domain by itself.
    pub fn is_domain_over_any(&self, kind: Type) -> bool {
        let below = self.below(kind);
        let family = self.family_of(below);
        below != kind
            && (below.array || matches!(family, Family::Enum | Family::Range | Family::Composite))
    }

    /// Whether a type is an array whose elements have a modifier, as in `numeric(12,2)[]`: the server
    /// cannot check a foreign key over it.
    pub fn is_array_of_modified(&self, kind: Type) -> bool {
        kind.array && matches!(kind.base, Base::Built(name) if name.contains('('))
    }

    /// Whether a collation can be given.
    pub fn is_collatable(&self, kind: Type) -> bool {
        self.family_of(kind) == Family::Text
    }

    /// A value of a type.
    pub fn value(&self, kind: Type, number: u32) -> String {
        let sql = self.type_sql(kind);
        if kind.array {
            let element = self.value(Type { array: false, ..kind }, number);
            return format!("ARRAY[{element}]::{sql}");
        }
        match kind.base {
            Base::Built(name) => format!("'{}'::{sql}", plain(name, number)),
            Base::User(id) => match self.get(id).map(|item| &item.what) {
                Some(What::Enum { labels }) => {
                    format!("{}::{sql}", literal(&labels[number as usize % labels.len()]))
                }
                Some(What::Domain { base, .. }) => {
                    format!("({})::{sql}", self.value(*base, number))
                }
                Some(What::Composite { attributes }) => {
                    let values: Vec<String> =
                        attributes.iter().map(|(_, kind)| self.value(*kind, number)).collect();
                    format!("ROW({})::{sql}", values.join(", "))
                }
                _ => format!("'empty'::{sql}"),
            },
        }
    }

    /// Whether a function takes exactly one value of a type and always gives the same.
    pub fn takes(&self, function: Id, kind: Type) -> bool {
        self.routine(function).is_some_and(|routine| {
            routine.immutable
                && routine.sort == Sort::Function
                && routine.arguments.len() == 1
                && routine.arguments[0].1 == kind
        })
    }

    /// A condition on one column or output; `named` is how it is called there.
    pub fn condition(&self, expr: &Expr, kind: Type, named: &str) -> String {
        if let Some(function) = expr.function.filter(|function| self.takes(*function, kind))
            && self.routine(function).is_some_and(|routine| routine.returns == built("boolean"))
        {
            return format!("{}({named})", self.named(function));
        }
        // The operators of such types are not found for a domain.
        let below = self.below(kind);
        let cast = format!("({named})::{}", self.type_sql(below));
        let (kind, named) =
            if self.is_domain_over_any(kind) { (below, cast.as_str()) } else { (kind, named) };
        let sql = self.type_sql(kind);
        match (self.family_of(kind), expr.flavour % 3) {
            (Family::Number, 0) => format!("{named} > -5"),
            (Family::Number, 1) => format!("{named} BETWEEN -1 AND 30000"),
            (Family::Text, 0) => format!("length({named}) < 1000"),
            (Family::Text, 1) => {
                format!("{named} <> 'never' AND {named} <> E'it''s \\\\ \"never\"'")
            }
            (Family::Boolean, 0) => format!("{named} IN (true, false)"),
            (Family::Moment, 0 | 1) => format!("{named} > '1900-01-01'"),
            (Family::Enum, 0) => format!("{named} >= {}", self.value(kind, 0)),
            (Family::Enum, 1) => format!(
                "{named} IS NULL OR {named} = ANY (ARRAY[{}, {}])",
                self.value(kind, 0),
                self.value(kind, 1)
            ),
            (Family::Range, 0) => format!("{named} IS NULL OR NOT ({named} && 'empty'::{sql})"),
            (_, flavour) => format!("({named} IS NULL) IS NOT NULL OR {flavour} = 0"),
        }
    }

    /// An expression that always gives the same for the same value.
    pub fn computed(&self, kind: Type, named: &str) -> String {
        match self.family_of(kind) {
            Family::Number => format!("({named} * 2)"),
            Family::Text => format!("lower({named})"),
            _ => format!("({named} IS NULL)"),
        }
    }

    /// What a generated column computes from another, and its type.
    pub fn generation(&self, kind: Type, named: &str, flavour: u32) -> (String, Type) {
        match (self.family_of(kind), flavour % 3) {
            (Family::Number, 0) => (format!("{named} * 2"), built("numeric")),
            (Family::Text, 0) => (format!("upper({named})"), built("text")),
            (Family::Text, 1) => (format!("length({named})"), built("integer")),
            (_, 2) => {
                (format!("CASE WHEN {named} IS NULL THEN ')none(' ELSE 'some' END"), built("text"))
            }
            _ => (format!("{named} IS NULL"), built("boolean")),
        }
    }
}

/// A value of a built-in type, as it stands between quotes.
fn plain(name: &str, number: u32) -> String {
    let n = number % 90;
    match name {
        "boolean" => if n.is_multiple_of(2) { "t" } else { "f" }.to_owned(),
        "date" => format!("2024-01-{:02}", n % 28 + 1),
        "time without time zone" => format!("10:{:02}:00", n % 60),
        "interval" => format!("{n} days 02:00"),
        "uuid" => format!("00000000-0000-0000-0000-0000000000{n:02}"),
        "json" | "jsonb" => format!("{{\"a\": {n}}}"),
        "bytea" => format!("\\x{n:02}ff"),
        "inet" => format!("10.0.0.{n}"),
        "bit(4)" => format!("{:04b}", n % 16),
        "point" => format!("({n},1)"),
        "int4range" => format!("[{},{})", n * 10, n * 10 + 10),
        "tsvector" => format!("word{n}"),
        "macaddr" => format!("08:00:2b:01:02:{n:02}"),
        _ if name.starts_with("timestamp") => format!("2024-02-{:02} 12:00", n % 28 + 1),
        _ if name.starts_with("character(") => format!("c{n}"),
        _ if name == "text" || name.starts_with("character") => format!("t''{n}"),
        _ => (n + 1).to_string(),
    }
}
