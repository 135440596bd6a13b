//! What a change breaks is mended or goes: after it, everything an item refers to is there and
//! fits, so that the SQL is valid by construction.

use super::world::{
    Base, Column, Constraint, Expr, Id, Index, Item, Routine, Rule1, Sort, Table, Type, Value,
    View, What, World,
};

impl World {
    /// Mends all items until nothing changes.
    pub fn repair(&mut self) {
        loop {
            let mut changed = false;
            for id in self.items.keys().copied().collect::<Vec<_>>() {
                let Some(item) = self.get(id).cloned() else { continue };
                let mended = self.mend(id, &item);
                if mended.as_ref() == Some(&item) {
                    continue;
                }
                changed = true;
                match mended {
                    Some(mended) => drop(self.items.insert(id, mended)),
                    None => drop(self.items.remove(&id)),
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// An item as it can stay, if it can.
    fn mend(&self, id: Id, item: &Item) -> Option<Item> {
        let mut item = item.clone();
        if item.of != 0 && !self.items.contains_key(&item.of) {
            return None;
        }
        let relation = item.of;
        match &mut item.what {
            What::Schema | What::Collation { .. } | What::Range { .. } => {}
            What::DefaultPrivileges { .. } => {}
            What::Enum { labels } => labels.truncate(12),
            What::Domain { base, .. } => self.type_stays(id, *base)?,
            What::Composite { attributes } => {
                attributes.retain(|(_, kind)| self.type_stays(id, *kind).is_some());
            }
            What::Sequence(sequence) => {
                let fits = |column: &Id| {
                    self.column(*column).is_some() && self.schema_of(*column) == relation
                };
                sequence.owner = sequence.owner.filter(fits);
            }
            What::Routine(routine) => self.mend_routine(id, routine)?,
            What::Table(table) => self.mend_table(id, table)?,
            What::Column(column) => self.mend_column(relation, column)?,
            What::Constraint(constraint) => self.mend_constraint(id, relation, constraint)?,
            What::Index(index) => self.mend_index(relation, index)?,
            What::View(view) => self.mend_view(id, view)?,
            What::Trigger(trigger) => self.mend_trigger(relation, trigger)?,
            What::Rule(rule) => {
                let view = self.view(relation).is_some_and(|view| !view.materialized);
                (view || self.table(relation).is_some()).then_some(())?;
                rule.condition = self.expr(relation, rule.condition.take()).filter(|_| !view);
                rule.other = rule.other.filter(|other| self.table(*other).is_some());
            }
            What::Policy(policy) => {
                self.table(relation)?;
                policy.using = self.expr(relation, policy.using.take());
                policy.check = self.expr(relation, policy.check.take());
                policy.other =
                    policy.other.filter(|other| self.table(*other).is_some() && *other != relation);
            }
            What::Statistics { columns, .. } => {
                let there = self.columns(self.statistics_of(columns)?);
                columns.retain(|column| {
                    there.contains(column)
                        && self
                            .column(*column)
                            .is_some_and(|it| self.is_sortable(it.kind) && !is_generated(it))
                });
                (columns.len() > 1).then_some(())?;
            }
            What::EventTrigger { function, .. } => {
                self.routine(*function).filter(|it| it.sort == Sort::EventTrigger)?;
            }
        }
        Some(item)
    }

    fn mend_trigger(&self, relation: Id, trigger: &mut super::world::Trigger) -> Option<()> {
        self.routine(trigger.function).filter(|it| it.sort == Sort::Trigger)?;
        let view = self.view(relation).is_some_and(|view| !view.materialized);
        let table = self.table(relation);
        (view || table.is_some()).then_some(())?;
        let there = self.columns(relation);
        trigger.columns.retain(|column| there.contains(column));
        trigger.when = self.expr(relation, trigger.when.take()).filter(|_| !view);
        // A trigger's condition cannot read what is computed after it.
        let generated = |expr: &Expr| self.column(expr.column).is_some_and(is_generated);
        trigger.when = trigger.when.take().filter(|expr| !generated(expr));
        let alone = self.family(relation).len() == 1;
        // "ROW triggers with transition tables are not supported on partitioned tables".
        let parted = table.is_some_and(|table| table.partition_by.is_some());
        trigger.transition &= alone && table.is_some() && !(parted && trigger.row);
        trigger.constraint &= table.is_some();
        Some(())
    }

    /// The table that statistics are about: the one of their first column.
    pub fn statistics_of(&self, columns: &[Id]) -> Option<Id> {
        Some(self.get(*columns.first()?)?.of)
    }

    /// Whether a type may be used by an item: those of smaller numbers.
    fn type_stays(&self, id: Id, kind: Type) -> Option<()> {
        match kind.base {
            Base::Built(_) => Some(()),
            Base::User(user) => self.get(user).filter(|_| user < id).map(|_| ()),
        }
    }

    fn expr(&self, relation: Id, expr: Option<Expr>) -> Option<Expr> {
        expr.filter(|expr| self.output(relation, expr.column).is_some()).map(|mut expr| {
            expr.function = expr.function.filter(|function| self.routine(*function).is_some());
            expr
        })
    }

    fn mend_routine(&self, id: Id, routine: &mut Routine) -> Option<()> {
        if !matches!(routine.sort, Sort::Function | Sort::Procedure | Sort::Table) {
            routine.arguments.clear();
        }
        for (_, kind, _) in &routine.arguments {
            self.type_stays(id, *kind)?;
        }
        self.type_stays(id, routine.returns)?;
        // Overloads have no defaults, or calls would be ambiguous; and each its own arguments.
        let own = self.get(id)?;
        for other in self.all(|what| matches!(what, What::Routine(_))) {
            let (Some(it), Some(body)) = (self.get(other), self.routine(other)) else { continue };
            if other == id || it.of != own.of || it.name != own.name {
                continue;
            }
            (other > id || body.arguments.len() != routine.arguments.len()).then_some(())?;
            (body.sort == Sort::Function && routine.sort == Sort::Function).then_some(())?;
            routine.arguments.iter_mut().for_each(|argument| argument.2 = false);
        }
        if let Sort::Rows(relation) | Sort::Parsed(relation) | Sort::Reads(relation) = routine.sort
        {
            (!self.outputs(relation).is_empty()).then_some(())?;
        }
        Some(())
    }

    fn mend_table(&self, id: Id, table: &mut Table) -> Option<()> {
        table.inherits.retain(|parent| {
            *parent < id
                && self
                    .table(*parent)
                    .is_some_and(|it| it.partition_by.is_none() && it.partition_of.is_none())
        });
        if let Some(slot) = &table.partition_of {
            let parent = self.table(slot.parent).and_then(|it| it.partition_by);
            parent.filter(|_| slot.parent < id)?;
            table.inherits.clear();
        }
        if let Some((_, key)) = table.partition_by {
            let fits = self.columns(id).contains(&key)
                && self.column(key).is_some_and(|it| {
                    it.kind == super::values::built("integer") && !is_generated(it)
                });
            if !fits || !table.inherits.is_empty() {
                table.partition_by = None;
            }
        }
        if table.partition_by.is_some() {
            table.options = 0;
            table.unlogged = false;
        }
        let index = |index: &Id| self.get(*index).is_some_and(|it| it.of == id);
        table.clustered = table.clustered.filter(index).filter(|_| table.partition_by.is_none());
        Some(())
    }

    fn mend_column(&self, relation: Id, column: &mut Column) -> Option<()> {
        let table = self.table(relation)?;
        if let Some(again) = column.again {
            let parents = self.parents(relation);
            let there: Vec<Id> = parents.iter().flat_map(|parent| self.columns(*parent)).collect();
            let theirs = self.column(again).filter(|_| there.contains(&again))?;
            (theirs.again.is_none() && !is_generated(theirs)).then_some(())?;
            column.kind = theirs.kind;
            column.collation = theirs.collation;
            if is_generated(column) {
                column.value = Value::None;
            }
        }
        // A partition that is made as one has no columns of its own.
        table.partition_of.is_none().then_some(())?;
        self.type_stays(Id::MAX, column.kind)?;
        let whole = matches!(column.kind.base, Base::Built("smallint" | "integer" | "bigint"))
            && !column.kind.array;
        let partitioned = table.partition_by.is_some();
        column.value = match column.value.clone() {
            Value::Function(function) => match self.routine(function) {
                Some(it)
                    if it.returns == column.kind
                        && it.sort == Sort::Function
                        && it.arguments.iter().all(|(_, _, default)| *default) =>
                {
                    Value::Function(function)
                }
                _ => Value::None,
            },
            Value::Sequence(sequence) if whole && self.get(sequence).is_some() => {
                Value::Sequence(sequence)
            }
            Value::Serial if whole => Value::Serial,
            Value::Identity { always, start, step }
                if whole && !partitioned && self.family(relation).len() == 1 =>
            {
                Value::Identity { always, start, step }
            }
            Value::Sequence(_) | Value::Serial | Value::Identity { .. } => Value::None,
            Value::Generated(from, flavour) => match self.column(from) {
                Some(source)
                    if !is_generated(source)
                        && source.again.is_none()
                        && self.get(from).is_some_and(|it| it.of == relation) =>
                {
                    let (_, kind) = self.generation(source.kind, "", flavour);
                    column.kind = kind;
                    column.not_null = false;
                    Value::Generated(from, flavour)
                }
                _ => Value::None,
            },
            other => other,
        };
        column.collation = column
            .collation
            .filter(|collation| self.get(*collation).is_some() && self.is_collatable(column.kind));
        Some(())
    }

    /// Whether a relation is, or reads, a materialized view that was never filled.
    fn is_empty(&self, relation: Id) -> bool {
        self.view(relation).is_some_and(|view| {
            (view.materialized && view.no_data)
                || (!view.materialized
                    && view.entries.iter().any(|entry| self.is_empty(entry.source)))
        })
    }

    /// Whether columns can be a key of a table: all there, sortable, and with what parts it.
    fn is_key(&self, relation: Id, columns: &[Id]) -> bool {
        let there = self.columns(relation);
        let parted =
            |table: &Table| table.partition_by.is_none_or(|(_, key)| columns.contains(&key));
        let sub = self.family(relation).into_iter().filter(|one| self.is_below(*one, relation));
        !columns.is_empty()
            && columns.iter().all(|id| {
                there.contains(id) && self.column(*id).is_some_and(|it| self.is_sortable(it.kind))
            })
            && sub.chain([relation]).filter_map(|one| self.table(one)).all(parted)
    }

    /// Whether a partition is below a table.
    pub fn is_below(&self, table: Id, top: Id) -> bool {
        let slot = self.table(table).and_then(|it| it.partition_of.as_ref());
        slot.is_some_and(|slot| slot.parent == top || self.is_below(slot.parent, top))
    }

    fn mend_constraint(&self, id: Id, relation: Id, it: &mut Constraint) -> Option<()> {
        let table = self.table(relation)?;
        let there = self.columns(relation);
        it.columns.retain(|column| there.contains(column));
        it.include.retain(|column| there.contains(column) && !it.columns.contains(column));
        let alone = table.partition_by.is_none() && table.partition_of.is_none();
        match it.kind {
            Rule1::Check => {
                it.expr = Some(self.expr(relation, it.expr.take())?);
                it.no_inherit &= table.partition_by.is_none() && table.partition_of.is_none();
                it.not_valid &= alone;
            }
            Rule1::Primary | Rule1::Unique => {
                self.is_key(relation, &it.columns).then_some(())?;
                // What the parts have of it is the whole's.
                (it.kind == Rule1::Unique || table.partition_of.is_none()).then_some(())?;
                let first = self.items.iter().find(|(_, other)| {
                    other.of == relation && matches!(&other.what, What::Constraint(other) if other.kind == Rule1::Primary)
                });
                (it.kind == Rule1::Unique || first.is_some_and(|(first, _)| *first == id))
                    .then_some(())?;
                it.options &= table.partition_by.is_none();
            }
            Rule1::Exclusion => {
                alone.then_some(())?;
                (it.columns.len() == 1 && self.is_key(relation, &it.columns)).then_some(())?;
                // "operator does not exist": it is looked for by the domain itself.
                let mut columns = it.columns.iter().filter_map(|id| self.column(*id));
                (!columns.any(|it| self.is_domain_over_any(it.kind))).then_some(())?;
                it.expr = self.expr(relation, it.expr.take());
            }
            Rule1::Foreign => self.mend_foreign(relation, it)?,
        }
        Some(())
    }

    fn mend_foreign(&self, relation: Id, it: &mut Constraint) -> Option<()> {
        let key = self.constraint(it.key?)?;
        let other = self.get(it.key?)?.of;
        let fits = matches!(key.kind, Rule1::Primary | Rule1::Unique)
            && key.deferrable == 0
            && key.columns.len() == it.columns.len();
        fits.then_some(())?;
        for (own, theirs) in it.columns.iter().zip(&key.columns) {
            let (own, theirs) = (self.column(*own)?, self.column(*theirs)?);
            // The server cannot compare such columns for a foreign key (its error is "cannot
            // determine element type", or that the two are "of incompatible types").
            let lost = self.is_domain_over_any(own.kind) || self.is_array_of_modified(own.kind);
            (own.kind == theirs.kind && !is_generated(own) && own.collation == theirs.collation)
                .then_some(())
                .filter(|()| !lost)?;
        }
        // The server cannot add one that leads from a table to a partition of it ("because it is
        // being used by active queries in this session").
        (!self.is_below(other, relation)).then_some(())?;
        let plain = |table: Id| {
            self.table(table)
                .is_some_and(|it| it.partition_by.is_none() && it.partition_of.is_none())
        };
        it.not_valid &= plain(relation) && plain(other);
        // An unlogged table may be referred to by unlogged ones alone.
        let unlogged = |table: Id| self.table(table).is_some_and(|it| it.unlogged);
        (unlogged(relation) || !unlogged(other)).then_some(())
    }

    fn mend_index(&self, relation: Id, index: &mut Index) -> Option<()> {
        let there = self.outputs(relation);
        let kind =
            |id: Id| there.iter().find(|(found, _, _)| *found == id).map(|(_, _, kind)| *kind);
        let view = self.view(relation);
        (self.table(relation).is_some() || view.is_some_and(|view| view.materialized))
            .then_some(())?;
        // One that puts a query together with itself has each row twice.
        index.unique &= view.is_none_or(|view| view.shape % 6 != 3);
        index.parts.retain(|part| {
            kind(part.column).is_some_and(|kind| {
                part.expression || self.is_sortable(kind) || index.method == "gist"
            })
        });
        index.include.retain(|id| kind(*id).is_some());
        index.filter = index.filter.take().filter(|expr| kind(expr.column).is_some());
        if let Some(expr) = &mut index.filter {
            expr.function = expr.function.filter(|function| self.routine(*function).is_some());
        }
        for part in &mut index.parts {
            let text = kind(part.column).is_some_and(|kind| self.is_collatable(kind));
            part.collate = part.collate.filter(|id| self.get(*id).is_some() && text);
            part.class &= text;
            if let Some(kind) = kind(part.column).filter(|_| index.method != "btree")
                && !self.method_takes(index.method, kind)
            {
                index.method = "btree";
            }
        }
        if index.method == "btree" {
            index.parts.retain(|part| {
                kind(part.column).is_some_and(|kind| part.expression || self.is_sortable(kind))
            });
        } else {
            index.parts.truncate(1);
            index.unique = false;
        }
        if index.unique && self.table(relation).is_some() {
            let columns: Vec<Id> = index
                .parts
                .iter()
                .filter(|part| !part.expression)
                .map(|part| part.column)
                .collect();
            index.unique = self.is_key(relation, &columns)
                && (self.partition_free(relation) || columns.len() == index.parts.len());
        }
        let table = self.table(relation);
        index.only &= table.is_some_and(|it| it.partition_by.is_some());
        (!index.parts.is_empty()).then_some(())
    }

    fn partition_free(&self, relation: Id) -> bool {
        self.table(relation).is_some_and(|it| it.partition_by.is_none())
    }

    /// Whether an index method knows a type.
    pub fn method_takes(&self, method: &str, kind: Type) -> bool {
        use super::values::Family;
        let (family, base) = (self.family_of(kind), self.below(kind));
        match method {
            "hash" => matches!(family, Family::Number | Family::Text | Family::Enum),
            "brin" => matches!(family, Family::Number | Family::Moment),
            "gin" => {
                !kind.array && !base.array && matches!(base.base, Base::Built("jsonb" | "tsvector"))
            }
            "gist" => {
                family == Family::Range
                    || (!base.array && matches!(base.base, Base::Built("point" | "tsvector")))
            }
            _ => false,
        }
    }

    fn mend_view(&self, id: Id, view: &mut View) -> Option<()> {
        view.entries
            .retain(|entry| entry.source < id && self.output(entry.source, entry.column).is_some());
        let first = view.entries.first()?.source;
        view.filter = view.filter.take().filter(|expr| {
            view.entries.iter().any(|entry| entry.source == first && entry.column == expr.column)
        });
        if let Some(expr) = &mut view.filter {
            expr.function = expr.function.filter(|it| self.routine(*it).is_some());
        }
        let single = view.entries.iter().all(|entry| entry.source == first);
        let key = |key: &Id| {
            self.get(*key).is_some_and(|it| it.of == first)
                && self
                    .constraint(*key)
                    .is_some_and(|it| it.kind == Rule1::Primary && it.deferrable == 0)
        };
        view.grouped = view.grouped.filter(key).filter(|_| single && !view.aggregate);
        // What is filled can only read what is filled.
        view.no_data |=
            view.materialized && view.entries.iter().any(|entry| self.is_empty(entry.source));
        view.function = view.function.filter(|it| {
            self.routine(*it).is_some_and(|it| {
                let called = it.sort == Sort::Function && it.arguments.is_empty();
                called || (it.sort == Sort::Aggregate && view.aggregate)
            })
        });
        Some(())
    }
}

/// Whether a column is computed.
pub fn is_generated(column: &Column) -> bool {
    matches!(column.value, Value::Generated(..))
}
