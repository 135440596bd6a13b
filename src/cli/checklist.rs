//! The checklist of an operation on the command line: printed with its evidence, completed by what
//! was said there and by asking, and held once more just before the run.

use serde_json::{Value, json};

use super::args::Global;
use super::ask;
use super::print::{self, Paint};
use super::review;
use crate::config::{Config, Target};
use crate::db::stop::Stop;
use crate::ops::checklist::{Checklist, Item, Signed, Word, holds};
use crate::ops::migrate::Account;
use crate::problem::Result;

/// Where an operation is checked.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) config: &'a Config,
    pub(super) target: &'a Target,
    pub(super) global: &'a Global,
    pub(super) stop: &'a Stop,
}

impl Desk<'_> {
    /// Goes through a list as it was gathered: evidence first, then what was acknowledged, then the
    /// person. The command that tells the team runs last, once nothing else is open; `again`
    /// gathers the list anew.
    ///
    /// # Errors
    /// Something is open that nobody speaks for.
    pub(super) async fn complete(
        self,
        mut list: Checklist,
        again: impl AsyncFn() -> Result<Checklist>,
    ) -> Result<Signed> {
        let mut words = Word::read(list.operation, &self.global.ack)?;
        if !list.items.is_empty() {
            self.show(&list, &words);
            self.ask(&list, &mut words).await?;
        }
        let items = list.items.clone();
        let open: Vec<&str> = list.open(&words).iter().map(|item| item.id).collect();
        if open == ["team-notified"] && list.checks.notify.is_some() {
            list.notify(self.config, self.target, self.stop).await?;
            list = again().await?;
            holds(&list.items, &items)?;
        }
        let open = list.open(&words);
        if !open.is_empty() {
            return Err(list.incomplete(&open));
        }
        Ok(Signed { items, words, read: Vec::new() })
    }

    fn show(self, list: &Checklist, words: &[Word]) {
        if self.global.json {
            return;
        }
        let open = list.open(words);
        let is_spoken = |item: &Item| !open.iter().any(|open| open.id == item.id);
        let spoken: Vec<bool> = list.items.iter().map(is_spoken).collect();
        print::talk(&review::checklist(&list.items, &spoken, Paint::of_talk()));
    }

    /// Asks about what is still open: a tick is a yes, a waiver is a reason.
    async fn ask(self, list: &Checklist, words: &mut Vec<Word>) -> Result<()> {
        if self.global.json || !print::can_ask() {
            return Ok(());
        }
        let open: Vec<Item> = list.open(words).into_iter().cloned().collect();
        for item in open {
            if item.id == "team-notified" && list.checks.notify.is_some() {
                continue;
            }
            let evidence = item.evidence.join("; ");
            let question = format!("{}: {} ({evidence})", item.id, item.title);
            let tick = Word::tick(item.id);
            let is_tick =
                list.open(std::slice::from_ref(&tick)).iter().all(|one| one.id != item.id);
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

/// Lets a run begin only if its list, gathered just before it, still holds as it was signed. Returns
/// what the ledger keeps of the list.
///
/// # Errors
/// Something does not hold any more.
pub(super) fn permitted(now: &Checklist, signed: &Signed) -> Result<Value> {
    now.permit(signed)?;
    Ok(now.record(&signed.words))
}

/// The same, as who does it and what was said, for the ledger. `confirm` is the name that was given
/// on the command line.
///
/// # Errors
/// Something does not hold any more.
pub(super) fn account(now: &Checklist, signed: &Signed, confirm: Option<&str>) -> Result<Account> {
    let checklist = permitted(now, signed)?;
    Ok(Account::of_process(json!({ "checklist": checklist, "confirmed": confirm })))
}

/// A checklist as JSON.
pub(super) fn to_json(items: &[Item]) -> Value {
    let item = |item: &Item| {
        json!({
            "id": item.id, "title": item.title, "shown": item.shown, "evidence": item.evidence,
        })
    };
    items.iter().map(item).collect()
}
