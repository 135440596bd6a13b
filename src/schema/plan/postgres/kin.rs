//! Columns of tables and of their parents: what reaches a child by itself, and what must wait
//! until a table has left a parent. No SQL is written here.

use super::fate::changes_type;
use super::graph::Act;
use super::weave::Weaver;
use crate::schema::model::{Body, Key, Kind};

impl Weaver<'_> {
    /// A table leaves its parent before either of them changes: until then the one's columns are
    /// not its own, and the other's changes reach it.
    pub(super) fn leave_first(&mut self, detach: usize, table: &Key, parent: &Key) {
        let inherited = |key: &&Key| {
            matches!(key.kind, Kind::Column | Kind::Default)
                && self.current.objects.contains_key(&parent.child(key.kind, &key.name))
        };
        let own = self.current.parts(table).map(|(key, _)| key).filter(inherited);
        let own = own.filter_map(|key| {
            self.graph.find(Act::Drop, key).or_else(|| self.graph.find(Act::Alter, key))
        });
        let columns = |key: &&Key| matches!(key.kind, Kind::Column | Kind::Default);
        let before = self.current.parts(parent).map(|(key, _)| key).filter(columns);
        let after = self.desired.parts(parent).map(|(key, _)| key);
        let theirs = before
            .flat_map(|key| [(Act::Drop, key), (Act::Alter, key)])
            .chain(after.map(|key| (Act::Create, key)));
        let theirs = theirs.filter_map(|(act, key)| self.graph.find(act, key));
        let later: Vec<usize> = own.chain(theirs).collect();
        for node in later {
            self.graph.edge(detach, node, false);
        }
    }

    /// A table is made below another once that one has the columns it is to have.
    pub(super) fn grow_parents_first(&mut self) {
        let mut edges = Vec::new();
        for (key, object) in &self.desired.objects {
            let Body::Table(table) = &object.body else { continue };
            let Some(made) = self.graph.find(Act::Create, key) else { continue };
            let partition = table.partition_of.iter().map(|of| &of.parent);
            for parent in partition.chain(&table.inherits) {
                let columns =
                    self.desired.parts(parent).filter(|(key, _)| key.kind == Kind::Column);
                for (column, _) in columns {
                    let added = self.graph.find(Act::Create, column).map(|node| (node, false));
                    let changed = self.graph.find(Act::Alter, column).map(|node| (node, true));
                    edges.extend(added.or(changed).map(|(node, soft)| (node, made, soft)));
                }
            }
        }
        for (first, then, soft) in edges {
            self.graph.edge(first, then, soft);
        }
    }

    /// Whether a child's column is made, or gets its type, by the statement for its parents', so
    /// that it cannot have one of its own; what else differs is then left to a later look.
    pub(super) fn comes_from_parents(&self, key: &Key, body: &Body) -> bool {
        match body {
            Body::Column(column) if self.graph.find(Act::Create, key).is_some() => !column.local,
            Body::Column(_) => changes_type(key, self.current, self.desired),
            _ => false,
        }
    }
}
