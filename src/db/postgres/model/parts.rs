//! What acts on a relation: rewrite rules, triggers and policies.
//!
//! A view's own rule is the view; the triggers by which the server keeps foreign keys, and those
//! a partition has from its parent, are none of their own.

use super::super::fields::Fields;
use super::Question;
use super::address::{Address, class};
use super::reading::Reading;
use super::spaces::firing;
use crate::schema::model::{Body, Kind, Policy};

pub(super) fn rules(question: &Question) -> String {
    format!(
        "SELECT 'rule', r.oid, r.ev_class, r.rulename, r.ev_enabled,
                CASE WHEN r.rulename <> '_RETURN' THEN pg_get_ruledef(r.oid) END
         FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE {}",
        question.within("c.relnamespace")
    )
}

pub(super) fn rule(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let (address, relation) = (Address::new(class::REWRITE, row.integer(1)?), row.integer(2)?);
    let Some(definition) = row.optional(5)? else {
        reading.addresses.alias(address, Address::new(class::RELATION, relation));
        return Ok(());
    };
    let definition = definition.trim();
    let body = Body::Rule {
        definition: definition.strip_suffix(';').unwrap_or(definition).to_owned(),
        firing: firing(&row.text(4)?),
    };
    reading.add_part(address, relation, (Kind::Rule, row.text(3)?), body);
    Ok(())
}

pub(super) fn triggers(question: &Question) -> String {
    format!(
        "SELECT 'trigger', t.oid, t.tgrelid, t.tgname, t.tgenabled,
                CASE WHEN t.tgparentid = 0 THEN pg_get_triggerdef(t.oid) END,
                nullif(t.tgconstraint, 0), p.tgenabled, k.contype <> 't'
         FROM pg_trigger t
         JOIN pg_class c ON c.oid = t.tgrelid
         LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
         LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
         WHERE (NOT t.tgisinternal OR t.tgparentid <> 0 OR t.tgenabled <> 'O') AND {}",
        question.within("c.relnamespace")
    )
}

pub(super) fn trigger(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let (address, relation) = (Address::new(class::TRIGGER, row.integer(1)?), row.integer(2)?);
    if row.flag(8)? {
        // Those of the server keep a constraint, unless somebody disabled them.
        let constraint = Address::new(class::CONSTRAINT, row.integer(6)?);
        if row.text(4)? != "O"
            && let Some(key) = reading.addresses.exactly(constraint)
        {
            let name = key.to_string();
            reading.unmodelled("state of a constraint's triggers", name);
        }
        return Ok(());
    }
    let Some(definition) = row.optional(5)? else {
        if row.text(4)? != row.text(7)?
            && let Some(of) = reading.relations.get(&relation)
        {
            let name = of.key.child(Kind::Trigger, row.text(3)?).to_string();
            reading.unmodelled("state of a partition's trigger", name);
        }
        return Ok(());
    };
    if let Some(constraint) = row.optional_integer(6)? {
        reading.addresses.alias(Address::new(class::CONSTRAINT, constraint), address);
    }
    let body = Body::Trigger { definition, firing: firing(&row.text(4)?) };
    reading.add_part(address, relation, (Kind::Trigger, row.text(3)?), body);
    Ok(())
}

pub(super) fn policies(question: &Question) -> String {
    format!(
        "SELECT 'policy', p.oid, p.polrelid, p.polname, p.polcmd, p.polpermissive,
                CASE WHEN 0 <> ALL (p.polroles) THEN
                     (SELECT json_agg(pg_get_userbyid(r.role)) FROM unnest(p.polroles) r (role)) END,
                pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
         FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE {}",
        question.within("c.relnamespace")
    )
}

pub(super) fn policy(reading: &mut Reading<'_>, row: Fields<'_>) -> sqlx::Result<()> {
    let mut roles = row.list(6)?;
    roles.sort();
    let body = Body::Policy(Policy {
        command: match row.text(4)?.as_str() {
            "r" => "SELECT",
            "a" => "INSERT",
            "w" => "UPDATE",
            "d" => "DELETE",
            _ => "ALL",
        }
        .to_owned(),
        permissive: row.flag(5)?,
        roles,
        using: row.optional(7)?,
        check: row.optional(8)?,
    });
    let address = Address::new(class::POLICY, row.integer(1)?);
    reading.add_part(address, row.integer(2)?, (Kind::Policy, row.text(3)?), body);
    Ok(())
}
