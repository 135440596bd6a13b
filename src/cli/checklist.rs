//! The checklist of `migrate` and `rollback`: printed with its evidence, completed by what was said
//! on the command line and by asking, and held once more just before the run.

use serde_json::{Value, json};

use super::args::Global;
use super::ask;
use super::print::{self, Paint};
use super::review;
use crate::config::Config;
use crate::db::stop::Stop;
use crate::ops::change::Setting;
use crate::ops::checklist::{self, Checklist, Word};
use crate::ops::push::Item;
use crate::ops::run::Run;
use crate::problem::Result;

/// A checklist that is complete.
pub(super) struct Complete {
    list: Checklist,
    words: Vec<Word>,
}

/// What a run is checked in.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) config: &'a Config,
    pub(super) setting: &'a Setting,
    pub(super) global: &'a Global,
    pub(super) stop: &'a Stop,
}

impl Desk<'_> {
    /// Goes through the list: evidence first, then what was acknowledged, then the person. The
    /// command that tells the team runs last, once nothing else is open.
    ///
    /// # Errors
    /// Something is open that nobody speaks for.
    pub(super) async fn complete(self, run: &Run) -> Result<Complete> {
        let protection = self.setting.target.protection;
        let mut words =
            self.global.ack.iter().map(|text| Word::read(text)).collect::<Result<Vec<_>>>()?;
        let mut list = self.gather(run).await?;
        if list.items.is_empty() {
            return Ok(Complete { list, words });
        }
        self.show(&list, &words);
        self.ask(&list, &mut words).await?;
        let open: Vec<&str> = list.open(&words, protection).iter().map(|item| item.id).collect();
        if open == ["team-notified"] && list.checks.notify.is_some() {
            checklist::notify(self.config, &self.setting.target, &list, run, self.stop).await?;
            list = self.gather(run).await?;
        }
        let open = list.open(&words, protection);
        if !open.is_empty() {
            return Err(list.incomplete(&open, run.direction));
        }
        Ok(Complete { list, words })
    }

    /// Gathers the evidence once more, and lets the run begin only if it still holds. Returns what
    /// the ledger keeps of the list.
    ///
    /// # Errors
    /// Something does not hold any more.
    pub(super) async fn again(self, run: &Run, complete: &Complete) -> Result<Value> {
        if complete.list.items.is_empty() {
            return Ok(json!([]));
        }
        let now = self.gather(run).await?;
        now.still_holds(&complete.list.items)?;
        Ok(now.record(&complete.words))
    }

    async fn gather(self, run: &Run) -> Result<Checklist> {
        checklist::gather(self.config, self.setting, run, &[], self.stop).await
    }

    fn show(self, list: &Checklist, words: &[Word]) {
        if self.global.json {
            return;
        }
        let open = list.open(words, self.setting.target.protection);
        let spoken: Vec<bool> =
            list.items.iter().map(|item| !open.iter().any(|open| open.id == item.id)).collect();
        print::talk(&review::checklist(&list.items, &spoken, Paint::of_talk()));
    }

    /// Asks about what is still open: a tick is a yes, a waiver is a reason.
    async fn ask(self, list: &Checklist, words: &mut Vec<Word>) -> Result<()> {
        if self.global.json || !print::can_ask() {
            return Ok(());
        }
        let protection = self.setting.target.protection;
        let open: Vec<Item> = list.open(words, protection).into_iter().cloned().collect();
        for item in open {
            if item.id == "team-notified" && list.checks.notify.is_some() {
                continue;
            }
            let evidence = item.evidence.join("; ");
            let question = format!("{}: {} ({evidence})", item.id, item.title);
            let tick = Word { item: item.id.to_owned(), reason: None };
            let is_tick = list
                .open(std::slice::from_ref(&tick), protection)
                .iter()
                .all(|one| one.id != item.id);
            if is_tick {
                if ask::yes(&format!("{question}?"), self.stop).await? {
                    words.push(tick);
                }
                continue;
            }
            let asked = format!("{question}\nA reason to go on without it, or nothing to stop: ");
            let reason = ask::typed(&asked, self.stop).await?.trim().to_owned();
            if reason.is_empty() {
                return Ok(());
            }
            words.push(Word { reason: Some(reason), ..tick });
        }
        Ok(())
    }
}
