//! What becomes of a column's values when it gets another type, as far as the names of the types
//! tell. Measuring says it exactly; this is for where nothing was measured.

use crate::schema::type_name::{Family, TypeName};

/// What may become of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    /// Some may not fit, and then the change fails.
    pub may_fail: bool,
    /// Some may keep less than they had.
    pub loses: bool,
    /// PostgreSQL changes only the catalogue.
    pub in_place: bool,
}

const FITS: Fit = Fit { may_fail: false, loses: false, in_place: false };
const IN_PLACE: Fit = Fit { in_place: true, ..FITS };
const FAILS: Fit = Fit { may_fail: true, ..FITS };
const LOSES: Fit = Fit { loses: true, ..FITS };
const BOTH: Fit = Fit { may_fail: true, loses: true, in_place: false };

/// Whether values may keep less than they had when their column gets another type.
pub fn loses_values(from: &str, to: &str, using: bool) -> bool {
    fit(from, to, using).loses
}

/// Whether every value is the same, however it is written, once its column has another type: only
/// where no expression of its own is given.
pub fn keeps_values(from: &str, to: &str) -> bool {
    let fit = fit(from, to, false);
    let same_sort = TypeName::of(from).family() == TypeName::of(to).family();
    fit.in_place || (fit == FITS && same_sort)
}

/// Judges a change of type. With an expression after USING a text that is too long is cut, not
/// refused.
pub(super) fn fit(from: &str, to: &str, using: bool) -> Fit {
    let (from, to) = (TypeName::of(from), TypeName::of(to));
    if from == to {
        return IN_PLACE;
    }
    match (from.family(), to.family()) {
        (Family::Text, Family::Text) => texts(&from, &to, using),
        (_, Family::Text) if to.arguments.is_empty() => FITS,
        (_, Family::Text) => {
            if using {
                LOSES
            } else {
                FAILS
            }
        }
        (Family::Integer, Family::Integer) => {
            if width(&to.base) >= width(&from.base) {
                FITS
            } else {
                FAILS
            }
        }
        (Family::Integer, Family::Number) => match to.base.as_str() {
            "numeric" | "decimal" if to.arguments.is_empty() => FITS,
            "numeric" | "decimal" | "money" => FAILS,
            _ => LOSES,
        },
        (Family::Number, Family::Integer) => BOTH,
        (Family::Number, Family::Number) => numbers(&from, &to),
        (Family::Moment, Family::Moment) => moments(&from, &to),
        (Family::Boolean, Family::Integer) => FITS,
        (Family::Json, Family::Json) if to.base == "json" => FITS,
        _ => FAILS,
    }
}

fn texts(from: &TypeName, to: &TypeName, using: bool) -> Fit {
    let padded = |name: &TypeName| matches!(name.base.as_str(), "character" | "char" | "bpchar");
    let fits = match (from.arguments.first(), to.arguments.first()) {
        (_, None) => true,
        (Some(old), Some(new)) => old <= new,
        (None, Some(_)) => false,
    };
    match (fits, using) {
        (true, _) if padded(from) == padded(to) && !padded(to) => IN_PLACE,
        (true, _) => FITS,
        (false, true) => LOSES,
        (false, false) => FAILS,
    }
}

fn numbers(from: &TypeName, to: &TypeName) -> Fit {
    let exact = |name: &TypeName| matches!(name.base.as_str(), "numeric" | "decimal");
    let scale = |name: &TypeName| name.arguments.get(1).copied().unwrap_or(0);
    match (exact(from), exact(to)) {
        (true, true) => match (from.arguments.first(), to.arguments.first()) {
            (_, None) => IN_PLACE,
            (None, Some(_)) => BOTH,
            (Some(old), Some(new)) => Fit {
                may_fail: old - scale(from) > new - scale(to),
                loses: scale(from) > scale(to),
                in_place: scale(from) == scale(to) && old <= new,
            },
        },
        (true, false) => LOSES,
        (false, true) if to.arguments.is_empty() => FITS,
        (false, true) => BOTH,
        (false, false) if from.base == "real" => FITS,
        (false, false) => LOSES,
    }
}

fn moments(from: &TypeName, to: &TypeName) -> Fit {
    let day = |name: &TypeName| name.base == "date";
    let clock = |name: &TypeName| name.base.starts_with("time ");
    match (from, to) {
        (from, to) if clock(from) != clock(to) => {
            if clock(from) {
                FAILS
            } else {
                LOSES
            }
        }
        (from, to) if day(to) && !day(from) => LOSES,
        (from, to) => {
            let most = |name: &TypeName| name.arguments.first().copied().unwrap_or(6);
            if !day(from) && most(to) < most(from) { LOSES } else { FITS }
        }
    }
}

/// How many bytes an integer type has.
fn width(base: &str) -> u8 {
    match base {
        "tinyint" => 1,
        "smallint" | "int2" => 2,
        "integer" | "int" | "int4" | "mediumint" => 4,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_judged_by_the_types() {
        for (from, to, expected) in [
            ("character varying(20)", "character varying(50)", IN_PLACE),
            ("character varying(20)", "text", IN_PLACE),
            ("text", "character varying(20)", FAILS),
            ("integer", "bigint", FITS),
            ("bigint", "integer", FAILS),
            ("integer", "text", FITS),
            ("text", "integer", FAILS),
            ("double precision", "integer", BOTH),
            ("numeric(10,2)", "numeric(12,2)", IN_PLACE),
            ("numeric(12,2)", "numeric(10,2)", FAILS),
            ("numeric(12,4)", "numeric(12,2)", LOSES),
            ("timestamp with time zone", "date", LOSES),
            ("date", "timestamp without time zone", FITS),
            ("text", "public.mood", FAILS),
        ] {
            assert_eq!(fit(from, to, false), expected, "{from} to {to}");
        }
        assert_eq!(fit("text", "character varying(20)", true), LOSES);
    }
}
