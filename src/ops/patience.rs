//! Migrations do not wait for locks for ever: behind a statement that waits for a strong one
//! everybody else waits too. A plan this program runs itself is limited by who runs it; a file may
//! be run by anybody, so the limit stands in it, and in the plan, as a statement like any other.

use super::proof::{Proof, Stage};
use crate::schema::hazard::{self, Facts, LockMode};
use crate::schema::plan::{Action, Plan, Step};

/// The limit, as long as the one of a plan that is run here.
const LIMIT: &str = "SET LOCAL lock_timeout = '4s'";

/// Puts a limit at the beginning of each part of a plan, and of its way back, that locks tables
/// others may be using; a part that runs outside a transaction has nowhere to put one.
pub(super) fn limit(proof: &mut Proof) {
    let strong = strong(&proof.up, proof, false);
    let back: Vec<Vec<bool>> =
        proof.stages.iter().map(|stage| self::strong(&stage.down, proof, true)).collect();
    let mut strong = strong.into_iter();
    for (stage, back) in proof.stages.iter_mut().zip(back) {
        let own: Vec<bool> = strong.by_ref().take(stage.up.steps.len()).collect();
        limit_plan(&mut stage.up, own.contains(&true));
        limit_plan(&mut stage.down, back.contains(&true));
    }
    let steps = |stage: &Stage| stage.up.steps.clone();
    proof.up.steps = proof.stages.iter().flat_map(steps).collect();
}

/// Which steps of a plan lock a table that is there against writes at least.
fn strong(plan: &Plan, proof: &Proof, back: bool) -> Vec<bool> {
    let mut context = proof.context(true);
    if back {
        (context.current, context.desired) = (context.desired, context.current);
    }
    let locks = hazard::locks(plan, &Facts::default(), &context);
    let strong = |mode: &LockMode| *mode >= LockMode::Share;
    locks.iter().map(|(found, _)| found.locks.iter().any(|(_, mode)| strong(mode))).collect()
}

fn limit_plan(plan: &mut Plan, strong: bool) {
    let Some(first) = plan.steps.first().filter(|_| strong) else { return };
    if plan.steps.iter().any(|step| step.outside_transaction) {
        return;
    }
    let apart = first.apart;
    plan.steps.insert(0, Step { apart, ..Step::new(LIMIT, vec![Action::Setting]) });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::model::{
        Body, Column, Key, Kind, Model, Object, Options, ReplicaIdentity, Table,
    };
    use crate::sql::Dialect;

    #[test]
    fn each_part_that_locks_a_table_is_limited_both_ways() {
        let table = Key::new(Kind::Table, "public", "orders");
        let mut current = Model::empty(Dialect::Postgres);
        current.objects.insert(table.clone(), Object::new(orders()));
        let mut desired = current.clone();
        let note = table.child(Kind::Column, "note");
        desired.objects.insert(note.clone(), Object::new(column()));
        let plan = |steps: Vec<Step>| Plan { steps, ..Plan::empty(Dialect::Postgres) };
        let add = Step::new("ADD", vec![Action::Create(note.clone())]);
        let index = Step { outside_transaction: true, ..Step::new("INDEX", Vec::new()) };
        let drop = plan(vec![Step::new("DROP", vec![Action::Drop(note)])]);
        let mut proof = Proof {
            up: plan(vec![add.clone(), index.clone()]),
            down: Some(drop.clone()),
            stages: vec![
                Stage { up: plan(vec![add]), down: drop },
                Stage { up: plan(vec![index]), down: plan(Vec::new()) },
            ],
            current,
            desired,
        };
        limit(&mut proof);
        let sql = |plan: &Plan| -> Vec<String> {
            plan.steps.iter().map(|step| step.sql.clone()).collect()
        };
        assert_eq!(sql(&proof.up), [LIMIT, "ADD", "INDEX"]);
        assert_eq!(sql(&proof.stages[0].down), [LIMIT, "DROP"]);
        assert_eq!(sql(&proof.stages[1].up), ["INDEX"]);
    }

    fn orders() -> Body {
        Body::Table(Table {
            unlogged: false,
            partition_by: None,
            partition_of: None,
            inherits: Vec::new(),
            options: Options::default(),
            access_method: None,
            of_type: None,
            row_security: false,
            force_row_security: false,
            replica_identity: ReplicaIdentity::Default,
            clustered_on: None,
            tablespace: None,
            order: Vec::new(),
        })
    }

    fn column() -> Body {
        Body::Column(Column {
            type_name: "text".to_owned(),
            collation: None,
            not_null: false,
            identity: None,
            generated: None,
            virtual_generated: false,
            storage: None,
            compression: None,
            statistics: None,
            options: Options::default(),
            local: true,
        })
    }
}
