//! Check constraints as far as they are understood: the text the engine keeps becomes a tree, so
//! that values can be made to fit it and a row can be tried before the server sees it. What is not
//! understood stays unknown, and the server decides. Pure.

use super::reader::Reader;
use crate::sql::Dialect;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    /// A column, by name; of a domain's check, its VALUE.
    Column(String),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// True or false.
    Truth(bool),
    /// NULL.
    Null,
    /// The time it is.
    Now,
    /// All of them.
    And(Vec<Expression>),
    /// Any of them.
    Or(Vec<Expression>),
    /// Not that.
    Not(Box<Expression>),
    /// A comparison.
    Compare(Relation, Box<Expression>, Box<Expression>),
    /// One of a list.
    In(Box<Expression>, Vec<Expression>),
    /// A pattern of LIKE.
    Like(Box<Expression>, String),
    /// A regular expression; whether case counts.
    Match(Box<Expression>, String, bool),
    /// Whether it is NULL.
    IsNull(Box<Expression>),
    /// A function, by its name in lower case.
    Call(String, Vec<Expression>),
    /// Two numbers and what is done with them: `+`, `-`, `*`, `/` or `%`.
    Sum(char, Box<Expression>, Box<Expression>),
    /// Anything else.
    Unknown,
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// `=`
    Same,
    /// `<>`
    Other,
    /// `<`
    Less,
    /// `<=`
    LessOrSame,
    /// `>`
    More,
    /// `>=`
    MoreOrSame,
}

impl Relation {
    /// The comparison an operator is.
    pub(super) fn of(text: &str) -> Option<Self> {
        Some(match text {
            "=" | "==" => Self::Same,
            "<>" | "!=" => Self::Other,
            "<" => Self::Less,
            "<=" => Self::LessOrSame,
            ">" => Self::More,
            ">=" => Self::MoreOrSame,
            _ => return None,
        })
    }

    /// The same with its sides exchanged.
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::LessOrSame => Self::MoreOrSame,
            Self::More => Self::Less,
            Self::MoreOrSame => Self::LessOrSame,
            other => other,
        }
    }

    /// What holds where this does not.
    pub(super) fn refused(self) -> Self {
        match self {
            Self::Same => Self::Other,
            Self::Other => Self::Same,
            Self::Less => Self::MoreOrSame,
            Self::LessOrSame => Self::More,
            Self::More => Self::LessOrSame,
            Self::MoreOrSame => Self::Less,
        }
    }
}

/// Reads an expression; what follows it, such as `NOT VALID`, is left alone.
pub(super) fn read(dialect: Dialect, text: &str) -> Expression {
    Reader::new(dialect, text).either().unwrap_or(Expression::Unknown)
}

/// The expression inside `CHECK (…)` as PostgreSQL prints a constraint.
pub(super) fn read_check(definition: &str) -> Expression {
    let inside = definition.trim_start().strip_prefix("CHECK").unwrap_or(definition);
    read(Dialect::Postgres, inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_read_as_the_engines_print_them() {
        use Expression as E;
        let column = |name: &str| Box::new(E::Column(name.to_owned()));
        let text = |text: &str| E::Text(text.to_owned());
        let number = |number| Box::new(E::Number(number));
        assert_eq!(
            read_check("CHECK ((price > (0)::numeric)) NOT VALID"),
            E::Compare(Relation::More, column("price"), number(0.0))
        );
        assert_eq!(
            read_check(
                "CHECK (((status)::text = ANY ((ARRAY['a'::character varying, 'b''c'::character \
                 varying])::text[])))"
            ),
            E::In(column("status"), vec![text("a"), text("b'c")])
        );
        assert_eq!(
            read(Dialect::Sqlite, "age NOT BETWEEN -1 AND 5 OR \"x y\" IS NULL"),
            E::Or(vec![
                E::Not(Box::new(E::And(vec![
                    E::Compare(Relation::MoreOrSame, column("age"), number(-1.0)),
                    E::Compare(Relation::LessOrSame, column("age"), number(5.0)),
                ]))),
                E::IsNull(column("x y")),
            ])
        );
        assert_eq!(
            read_check("CHECK ((char_length(TRIM(BOTH FROM name)) >= 3))"),
            E::Compare(
                Relation::MoreOrSame,
                Box::new(E::Call(
                    "char_length".to_owned(),
                    vec![E::Call("trim".to_owned(), vec![*column("name")])]
                )),
                number(3.0)
            )
        );
        assert_eq!(
            read_check("CHECK ((name ~ '^[a-z]+$'::text))"),
            E::Match(column("name"), "^[a-z]+$".to_owned(), true)
        );
        assert_eq!(read_check("CHECK ("), E::Unknown);
    }
}
