//! A column's type as text, taken apart: its name, what stands in its brackets, whether it is an
//! array, and the family it belongs to. It knows no catalogue: a type it has never heard of is a
//! family of its own.

/// Types whose values mostly survive as one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Family {
    /// Whole numbers.
    Integer,
    /// Numbers with a fraction, exact or not.
    Number,
    /// Text of any length.
    Text,
    /// Dates and times.
    Moment,
    /// True and false.
    Boolean,
    /// JSON.
    Json,
    /// Bytes.
    Bytes,
    /// Any other type, by its name.
    Other(String),
}

/// A type taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// Its name in lower case, without brackets: `numeric`, `timestamp without time zone`.
    pub base: String,
    /// The numbers in its brackets: `12, 2`.
    pub arguments: Vec<i64>,
    /// Whether it is an array.
    pub array: bool,
}

impl TypeName {
    /// Takes a type apart, as `format_type` prints it or as a SQLite table declares it.
    pub fn of(text: &str) -> Self {
        let lower = text.trim().to_lowercase();
        let array = lower.ends_with("[]");
        let lower = lower.trim_end_matches("[]");
        let Some((before, rest)) = lower.split_once('(') else {
            return Self { base: spaced(lower), arguments: Vec::new(), array };
        };
        let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
        let arguments = inside.split(',').filter_map(|part| part.trim().parse().ok()).collect();
        Self { base: spaced(&format!("{before} {after}")), arguments, array }
    }

    /// The family it belongs to; arrays are strangers to what they are arrays of.
    pub fn family(&self) -> Family {
        if self.array {
            return Family::Other(format!("{}[]", self.base));
        }
        match self.base.as_str() {
            "smallint" | "integer" | "bigint" | "int" | "int2" | "int4" | "int8" | "tinyint"
            | "mediumint" | "unsigned big int" => Family::Integer,
            "numeric" | "decimal" | "real" | "double precision" | "double" | "float" | "money" => {
                Family::Number
            }
            "text" | "character varying" | "character" | "varchar" | "char" | "bpchar" | "clob"
            | "nvarchar" | "nchar" | "name" | "citext" | "public.citext" => Family::Text,
            "date" | "datetime" | "timestamp" => Family::Moment,
            "boolean" | "bool" => Family::Boolean,
            "json" | "jsonb" => Family::Json,
            "bytea" | "blob" => Family::Bytes,
            base if base.starts_with("timestamp with") || base.starts_with("time with") => {
                Family::Moment
            }
            base => Family::Other(base.to_owned()),
        }
    }
}

/// The words with one blank between them.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_taken_apart() {
        let price = TypeName::of("numeric(12,2)");
        assert_eq!((price.base.as_str(), price.arguments.as_slice()), ("numeric", &[12, 2][..]));
        let moment = TypeName::of("timestamp(3) with time zone");
        assert_eq!(moment.base, "timestamp with time zone");
        assert_eq!(moment.family(), Family::Moment);
        assert_eq!(TypeName::of("VARCHAR (20)").family(), Family::Text);
        assert_eq!(TypeName::of("integer[]").family(), Family::Other("integer[]".into()));
        assert_eq!(TypeName::of("shop.mood").family(), Family::Other("shop.mood".into()));
    }
}
