//! The undo capsule in a run: what is about to be destroyed is kept first, and put back when it is
//! taken back, in the same transaction as what does it. A script outside a transaction has it kept
//! in one of its own before its first statement, and put back after its last.

use super::{Engine, Failed, Why, ending};
use crate::db::fault::Fault;
use crate::migrations::capsule::{Capsule, Index, State};
use crate::ops::capsule::{self, Restoring, Terms};
use crate::ops::run::{Direction, Progress, Scheduled};
use crate::problem::Result;
use crate::schema::plan::Step;

/// What a script has of a capsule while it runs.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// What is kept of what it destroys.
    kept: Option<Capsule>,
    /// What is put back.
    restoring: Option<Restoring>,
}

/// What a transaction is to do about a capsule.
pub(super) enum Part<'a> {
    /// What comes before the first statement.
    Begin,
    /// What comes after the last; and what is written down of the script.
    End(Box<Held>, &'a str),
}

impl<'a> Engine<'a> {
    /// The terms of this run; `own` is borrowed apart, so that the engine can be worked with.
    fn terms<'b>(&self, own: &'b str) -> Terms<'b>
    where
        'a: 'b,
    {
        Terms { own, target: self.target, stop: self.stop }
    }

    /// Whether there is anything about capsules to be done for a script.
    pub(super) fn minds_capsules(&self, script: &Scheduled) -> bool {
        self.capsuled.contains(&script.migration.key) || !script.capsule.is_empty()
    }

    /// The statements a guarded transaction must know of beside those of the scripts.
    pub(super) async fn guarded(&mut self, scripts: &[(usize, &Scheduled)]) -> Result<Vec<Step>> {
        if self.run.direction == Direction::Up || self.capsuled.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<&str> =
            scripts.iter().map(|(_, script)| script.migration.key.as_str()).collect();
        let steps = capsule::guarded(&mut self.connection, &keys, self.stop).await;
        steps.map_err(|fault| ending::around(UNREAD, fault.into()))
    }

    /// What comes before the first statement of a script.
    pub(super) async fn hold(&mut self, script: &Scheduled) -> std::result::Result<Held, Failed> {
        let mut held = Held::default();
        if !self.minds_capsules(script) || self.books.ledger.is_none() {
            return Ok(held);
        }
        let own = self.books.own().to_owned();
        let terms = self.terms(&own);
        let key = &script.migration.key;
        let done = match self.run.direction {
            Direction::Down => {
                let begun = Restoring::begin(&mut self.connection, key, terms).await;
                begun.map(|restoring| held.restoring = restoring)
            }
            Direction::Up => {
                let origin = self.books.origin.clone();
                let told = &mut self.told;
                let kept = capsule::keep(&mut self.connection, script, &origin, terms, told).await;
                match kept {
                    Ok(None) if self.capsuled.contains(key) => {
                        capsule::supersede(&mut self.connection, key, terms).await
                    }
                    kept => kept.map(|kept| held.kept = kept),
                }
            }
        };
        done.map_err(unkept)?;
        Ok(held)
    }

    /// What comes after each statement of a script.
    pub(super) async fn after(&mut self, held: &mut Held) -> std::result::Result<(), Failed> {
        let Some(restoring) = &mut held.restoring else { return Ok(()) };
        let own = self.books.own().to_owned();
        let terms = self.terms(&own);
        restoring.step(&mut self.connection, terms).await.map_err(unkept)
    }

    /// What comes after the last statement of a script.
    pub(super) async fn release(&mut self, held: Held) -> std::result::Result<(), Failed> {
        let own = self.books.own().to_owned();
        let terms = self.terms(&own);
        if let Some(kept) = held.kept {
            capsule::finish(&mut self.connection, kept, terms).await.map_err(unkept)?;
        }
        if let Some(restoring) = held.restoring {
            let told = restoring.end(&mut self.connection, terms).await.map_err(unkept)?;
            self.told.extend(told);
        }
        Ok(())
    }

    /// Says what became of capsules, once that is committed.
    pub(super) fn tell_capsules(&mut self) {
        for told in std::mem::take(&mut self.told) {
            (self.tell)(Progress::Told(told.clone()));
            self.capsules.push(told);
        }
    }

    /// The same in a transaction of its own, for a script outside one.
    pub(super) async fn apart(
        &mut self,
        script: &Scheduled,
        part: Part<'_>,
    ) -> std::result::Result<Held, Failed> {
        self.begin(&[]).await?;
        let done = match part {
            Part::Begin => self.hold(script).await,
            Part::End(held, entry) => match self.release(*held).await {
                Ok(()) => {
                    let ran = self.connection.run(entry, self.stop).await;
                    ran.map(|()| Held::default()).map_err(Failed::from)
                }
                Err(failed) => Err(failed),
            },
        };
        match done {
            Ok(held) => {
                self.connection.commit(&[], self.stop).await?;
                self.tell_capsules();
                Ok(held)
            }
            Err(failed) => {
                self.told.clear();
                self.connection.rollback().await;
                Err(failed)
            }
        }
    }

    /// What an earlier run of a script, that was cut off, has kept.
    pub(super) async fn held(&mut self, script: &Scheduled) -> std::result::Result<Held, Failed> {
        if self.run.direction == Direction::Down {
            return self.hold(script).await;
        }
        let index = Index::new(self.connection.dialect());
        let key = script.migration.key.as_str();
        let all = index.list(&mut self.connection, Some(key), self.stop).await.map_err(unkept)?;
        Ok(Held { kept: all.into_iter().find(|one| one.state == State::Open), restoring: None })
    }

    /// Looks whether there are capsules, so that a thousand small migrations need not.
    ///
    /// # Errors
    /// The catalogue cannot be read.
    pub(in crate::ops) async fn find_capsules(&mut self) -> Result<()> {
        let index = Index::new(self.connection.dialect());
        let found = index.is_there(&mut self.connection, self.stop).await;
        self.has_capsules = found.map_err(|fault| ending::around(UNREAD, fault.into()))?;
        if self.has_capsules {
            let all = index.list(&mut self.connection, None, self.stop).await;
            let all = all.map_err(|fault| ending::around(UNREAD, fault.into()))?;
            let live = all.into_iter().filter(|one| matches!(one.state, State::Open | State::Kept));
            self.capsuled = live.map(|one| one.key).collect();
        }
        Ok(())
    }

    /// Takes capsules away that are older than they are kept. That this fails is no failure of the
    /// migrations that ran; the next run tries it again.
    pub(in crate::ops) async fn age(&mut self) {
        if self.has_capsules && self.run.direction == Direction::Up && self.aged().await.is_err() {
            let told = "undo capsules that are too old could not be taken away: dbstudio capsules \
                        --prune does that";
            self.told.push(told.to_owned());
            self.tell_capsules();
        }
    }

    async fn aged(&mut self) -> std::result::Result<(), Failed> {
        let days = self.target.session.capsule_keep;
        let (index, stop) = (Index::new(self.connection.dialect()), self.stop);
        let old = index.older(&mut self.connection, days, stop).await?;
        if old.is_empty() {
            return Ok(());
        }
        let sql: Vec<String> = old.iter().flat_map(|one| index.drop(one)).collect();
        self.begin(&[]).await?;
        if let Err(fault) = self.connection.run(&sql.join(";\n"), stop).await {
            self.connection.rollback().await;
            return Err(fault.into());
        }
        self.connection.commit(&[], stop).await?;
        let names: Vec<&str> = old.iter().map(|one| one.name.as_str()).collect();
        self.told.push(format!(
            "the undo capsules of {} are older than {days} days and were taken away",
            names.join(", ")
        ));
        self.tell_capsules();
        Ok(())
    }
}

const UNREAD: &str = "The undo capsules could not be read";

/// A failure of the capsule. What may pass is tried again; anything else must not look like a
/// failure of the migration.
fn unkept(fault: Fault) -> Failed {
    let passes = matches!(fault.code.as_deref(), Some("55P03" | "40P01" | "40001"));
    if fault.lost || fault.stopped || passes {
        return fault.into();
    }
    let fix = "correct what the server says; or do without: capsule = false in the environment";
    let problem = fault.problem("The undo capsule could not do its work", fix);
    Failed { at: None, why: Why::Told(problem) }
}
