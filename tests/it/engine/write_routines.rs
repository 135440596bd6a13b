//! The statements that make functions, procedures and aggregates of a random schema.

use super::values::built;
use super::values::quoted;
use super::world::{Id, Routine, Sort, World};

impl World {
    fn arguments_sql(&self, it: &Routine) -> String {
        let mut defaults = false;
        let arguments: Vec<String> = it
            .arguments
            .iter()
            .map(|(name, kind, default)| {
                defaults |= *default;
                let value = if defaults {
                    format!(" DEFAULT {}", self.value(*kind, it.body))
                } else {
                    String::new()
                };
                format!("{} {}{value}", quoted(name), self.type_sql(*kind))
            })
            .collect();
        arguments.join(", ")
    }

    /// The statement that makes a routine.
    pub fn routine_sql(&self, id: Id) -> String {
        let Some(it) = self.routine(id) else { return String::new() };
        let named = self.named(id);
        let n = it.body;
        let arguments = self.arguments_sql(it);
        let returns = self.type_sql(it.returns);
        let options = routine_options(it);
        let value = if it.returns == built("boolean") {
            format!("{n} = {n} OR true")
        } else {
            self.value(it.returns, n)
        };
        match it.sort {
            Sort::Function if it.plpgsql => format!(
                "CREATE FUNCTION {named}({arguments}) RETURNS {returns} LANGUAGE plpgsql{options} AS $f$ BEGIN RETURN {value}; END $f$"
            ),
            Sort::Function => format!(
                "CREATE FUNCTION {named}({arguments}) RETURNS {returns} LANGUAGE sql{options} AS $f$ SELECT {value} $f$"
            ),
            Sort::Procedure => {
                let options = if it.options & 2 == 2 { " SECURITY DEFINER" } else { "" };
                format!(
                    "CREATE PROCEDURE {named}({arguments}) LANGUAGE plpgsql{options} AS $f$ BEGIN PERFORM {n}; END $f$"
                )
            }
            Sort::Aggregate => {
                let step = ["int4larger", "int4smaller", "int4pl"][n as usize % 3];
                format!(
                    "CREATE AGGREGATE {named}(integer) (SFUNC = {step}, STYPE = integer, INITCOND = '{n}')"
                )
            }
            Sort::Trigger => format!(
                "CREATE FUNCTION {named}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN -- {n}\n RETURN coalesce(NEW, OLD); END $f$"
            ),
            Sort::EventTrigger => format!(
                "CREATE FUNCTION {named}() RETURNS event_trigger LANGUAGE plpgsql AS $f$ BEGIN -- {n}\n END $f$"
            ),
            Sort::Rows(relation) => {
                let relation = self.named(relation);
                format!(
                    "CREATE FUNCTION {named}() RETURNS SETOF {relation} LANGUAGE sql AS $f$ SELECT * FROM {relation} LIMIT {n} $f$"
                )
            }
            Sort::Parsed(relation) => {
                let outputs = self.outputs(relation);
                let column = quoted(&outputs[n as usize % outputs.len()].1);
                format!(
                    "CREATE FUNCTION {named}() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count({column}) FROM {}; END",
                    self.named(relation)
                )
            }
            Sort::Reads(relation) => format!(
                "CREATE FUNCTION {named}() RETURNS bigint LANGUAGE sql AS $f$ SELECT count(*) + {n} FROM {} $f$",
                self.named(relation)
            ),
            Sort::Table => format!(
                "CREATE FUNCTION {named}({arguments}) RETURNS TABLE (first {returns}, \"Number\" integer) LANGUAGE sql AS $f$ SELECT {}, {n} $f$",
                self.value(it.returns, n)
            ),
        }
    }
}

fn routine_options(it: &Routine) -> String {
    let mut options = String::from(if it.immutable { " IMMUTABLE" } else { "" });
    let more =
        [" STRICT", " SECURITY DEFINER", " PARALLEL SAFE", " COST 5", " SET work_mem = '8MB'"];
    for (bit, option) in more.iter().enumerate().filter(|(bit, _)| it.options >> bit & 1 == 1) {
        if it.sort != Sort::Procedure || bit == 1 {
            options.push_str(option);
        }
    }
    options
}
