//! The property of a pair of schemas: the plan from the one to the other is proven, applied to a
//! database with rows in it gives the other, and its way back gives the first again.

use std::collections::BTreeMap;

use dbstudio::db::connection::Connection;
use dbstudio::db::scratch::Scratch;
use dbstudio::db::stop::Stop;
use dbstudio::ops::proof::{self, Proof, Question};
use dbstudio::problem::Problem;
use dbstudio::schema::model::{Model, Scope};
use dbstudio::schema::plan::{self, Plan};
use dbstudio::schema::rename;

use super::world::{Id, World};
use super::write::sql;
use super::{dump, own, rows};
use crate::scratch::target;
use crate::server::{self, TestDatabase};

/// Two schemas, and what of them is compared.
#[derive(Debug, Clone)]
pub struct Pair {
    pub from: World,
    pub to: World,
    pub privileges: bool,
    /// What has another name and is otherwise the same, as a person answers: then nothing else
    /// differs, and every row stays.
    pub renames: Vec<String>,
}

/// What does not hold: which part of the property, and how.
#[derive(Debug, Clone)]
pub struct Broken {
    pub part: &'static str,
    pub how: String,
}

impl Broken {
    /// The first words of how it is broken, without the names in them.
    pub fn kind(&self) -> String {
        let line = self.how.lines().next().unwrap_or_default();
        let line = line.rsplit("scratch database, ").next().unwrap_or(line);
        let unquoted = line.split('"').step_by(2).collect::<String>();
        let words = unquoted.split_whitespace().filter(|word| !word.contains('.'));
        words.take(5).collect::<Vec<_>>().join(" ")
    }
}

/// How a pair went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Whether rows did not fit the new schema, or the old one.
    pub refused: bool,
    /// The rows that were there afterwards.
    pub rows: usize,
    /// The statements of the plan.
    pub steps: usize,
}

/// What was made of a pair.
struct Built {
    live: TestDatabase,
    from: Model,
    to: Model,
    from_dump: Vec<String>,
    to_dump: Vec<String>,
}

/// Where a plan is to lead.
struct Arrival<'a> {
    way: &'static str,
    wanted: &'a Model,
    dump: &'a [String],
}

fn broken(part: &'static str, how: impl std::fmt::Display) -> Broken {
    Broken { part, how: how.to_string() }
}

impl Pair {
    fn scope(&self) -> Scope {
        Scope { schemas: None, privileges: self.privileges, owners: false }
    }

    /// Whether the property holds.
    pub async fn holds(&self) -> Result<Outcome, Broken> {
        self.holds_until("").await
    }

    /// Whether the property holds as far as the part named, which is all that is looked at: the
    /// quick way to see whether a smaller pair breaks there too.
    pub async fn holds_until(&self, part: &str) -> Result<Outcome, Broken> {
        let early = matches!(part, "proof" | "from nothing");
        let built = self.build(!early).await?;
        let proof = self.prove(&built).await?;
        if early {
            return Ok(Outcome::default());
        }
        let down = proof.down.as_ref().ok_or_else(|| broken("proof", "no way back"))?;
        let mut outcome = Outcome { steps: proof.up.steps.len(), ..Outcome::default() };
        rows::plant(&built.live, &self.from);
        let before = rows::read(&built.live, &built.from, &built.from, &built.to);
        let whole = self.all_rows(&built, &self.from);
        if let Err(why) = self.apply(&built.live, &proof.up).await? {
            outcome.refused = true;
            self.unchanged(&built, &before, &why)?;
            rows::clear(&built.live, &built.from);
            let again = self.apply(&built.live, &proof.up).await?;
            again.map_err(|why| broken("up without rows", why))?;
        }
        let arrival = Arrival { way: "up", wanted: &built.to, dump: &built.to_dump };
        self.arrived(&built.live, &arrival, &built.from).await?;
        if !outcome.refused {
            let after = rows::read(&built.live, &built.to, &built.from, &built.to);
            if let Some(row) = rows::missing(&before, &after) {
                return Err(broken("rows after up", format!("{row}\n{}", text(&proof.up))));
            }
            outcome.rows = before.values().map(Vec::len).sum();
            self.renamed("rows after renames", &whole, &self.all_rows(&built, &self.to))?;
        }
        if let Err(why) = self.apply(&built.live, down).await? {
            outcome.refused = true;
            if let Some(how) =
                dump::differences(&built.to_dump, &dump::of(&built.live, self.privileges))
            {
                return Err(broken("refused down", format!("{why}\n{how}")));
            }
            rows::clear(&built.live, &built.to);
            let again = self.apply(&built.live, down).await?;
            again.map_err(|why| broken("down without rows", why))?;
        } else if !outcome.refused {
            let after = rows::read(&built.live, &built.from, &built.from, &built.to);
            if let Some(row) = rows::missing(&before, &after) {
                return Err(broken("rows after down", format!("{row}\n{}", text(down))));
            }
            self.renamed("rows after renames back", &whole, &self.all_rows(&built, &self.from))?;
        }
        let arrival = Arrival { way: "down", wanted: &built.from, dump: &built.from_dump };
        self.arrived(&built.live, &arrival, &built.to).await?;
        Ok(outcome)
    }

    /// All rows of all tables, where only names differ.
    fn all_rows(&self, built: &Built, world: &World) -> BTreeMap<Id, Vec<String>> {
        if self.renames.is_empty() { BTreeMap::new() } else { rows::all(&built.live, world) }
    }

    /// Whether all rows are what they were.
    fn renamed(
        &self,
        part: &'static str,
        before: &BTreeMap<Id, Vec<String>>,
        after: &BTreeMap<Id, Vec<String>>,
    ) -> Result<(), Broken> {
        let lost = before.iter().find(|(table, rows)| after.get(table) != Some(rows));
        lost.map_or(Ok(()), |(table, rows)| {
            Err(broken(part, format!("table {table}: {rows:?}\n{:?}", after.get(table))))
        })
    }

    async fn build(&self, dumped: bool) -> Result<Built, Broken> {
        let server = server::postgres();
        let live = server.create_database("pair_from");
        let other = server.create_database("pair_to");
        for (database, world) in [(&live, &self.from), (&other, &self.to)] {
            let script = sql(world);
            let ran = server.try_psql(
                &database.name,
                &[],
                &format!("SET client_min_messages = error;\n{script}"),
            );
            if !ran.status.success() {
                let said = String::from_utf8_lossy(&ran.stderr);
                return Err(broken("generator", format!("{said}\n{script}")));
            }
        }
        let from = self.read(&live).await?;
        let to = self.read(&other).await?;
        for model in [&from, &to] {
            let nothing = plan::plan(model, model, false);
            if !nothing.is_empty() || !plan::differences(model, model).is_empty() {
                return Err(broken("nothing to do", text(&nothing)));
            }
        }
        let dump = |database| if dumped { dump::of(database, self.privileges) } else { Vec::new() };
        let (from_dump, to_dump) = (dump(&live), dump(&other));
        Ok(Built { live, from, to, from_dump, to_dump })
    }

    async fn read(&self, database: &TestDatabase) -> Result<Model, Broken> {
        let stop = Stop::new();
        let mut connection = Connection::open(&target(&database.url()), &stop)
            .await
            .map_err(|problem| broken("connection", problem))?;
        let model = connection.model(&self.scope(), &stop).await;
        connection.close().await;
        model.map_err(|problem| broken("model", problem))
    }

    async fn prove(&self, built: &Built) -> Result<Proof, Broken> {
        let stop = Stop::new();
        let mut scratch = Scratch::new(&target(&built.live.url()), None, &stop)
            .await
            .map_err(|problem| broken("scratch", problem))?;
        let scope = self.scope();
        let connection = scratch.connection().map_err(|problem| broken("scratch", problem))?;
        let made = proof::build(connection, &built.from, &scope, &stop).await;
        let proof = match made {
            Ok(current) => {
                let answers = self.renames.iter().map(|text| rename::parse(text));
                let renames = answers
                    .collect::<Result<Vec<_>, _>>()
                    .and_then(|answers| rename::resolve(&current, &built.to, &answers))
                    .map_err(|problem| broken("answers", problem))?;
                let question = Question { scope, renames, down: true, ..Question::default() };
                let proof = proof::prove(connection, current, &built.to, &question, &stop).await;
                proof.map_err(|problem| {
                    let whole = plan::plan(&built.from, &built.to, false);
                    let back = plan::plan(&built.to, &built.from, false);
                    broken(
                        "proof",
                        format!("{problem}\n-- up:\n{}-- down:\n{}", text(&whole), text(&back)),
                    )
                })
            }
            Err(problem) => Err(broken("from nothing", problem)),
        };
        scratch.close().await.map_err(|problem| broken("scratch", problem))?;
        proof
    }

    /// Runs a plan; the inner error is that rows do not fit.
    async fn apply(&self, live: &TestDatabase, plan: &Plan) -> Result<Result<(), String>, Broken> {
        let stop = Stop::new();
        let mut connection = Connection::open(&target(&live.url()), &stop)
            .await
            .map_err(|problem| broken("connection", problem))?;
        let ran = connection.apply(&plan.steps, &stop, &mut |_| {}).await;
        connection.close().await;
        match ran {
            Ok(()) => Ok(Ok(())),
            Err(failure) if is_about_rows(&failure.problem) => Ok(Err(failure.problem.to_string())),
            Err(failure) => Err(broken("apply", format!("{}\n{}", failure.problem, text(plan)))),
        }
    }

    /// Whether a plan that was refused left everything as it was.
    fn unchanged(&self, built: &Built, before: &rows::Rows, why: &str) -> Result<(), Broken> {
        if let Some(how) =
            dump::differences(&built.from_dump, &dump::of(&built.live, self.privileges))
        {
            return Err(broken("refused up", format!("{why}\n{how}")));
        }
        let after = rows::read(&built.live, &built.from, &built.from, &built.to);
        match rows::missing(before, &after) {
            Some(row) => Err(broken("refused up", format!("{why}\n{row}"))),
            None => Ok(()),
        }
    }

    /// Whether a database is as it is to be, in our opinion and in `pg_dump`'s. `before` is the
    /// schema it had.
    async fn arrived(
        &self,
        live: &TestDatabase,
        arrival: &Arrival<'_>,
        before: &Model,
    ) -> Result<(), Broken> {
        let Arrival { way, wanted, dump } = arrival;
        let model = self.read(live).await?;
        if let Some(key) = plan::differences(&model, wanted).first() {
            let how =
                format!("{way}: {:?} {key}\n{:?}\n{:?}", key.kind, model.get(key), wanted.get(key));
            return Err(broken("model afterwards", how));
        }
        let own = own::of(&model, wanted, before);
        own::set(live, &own);
        let differences = dump::differences(dump, &dump::of(live, self.privileges));
        own::set_back(live, &own);
        match differences {
            Some(how) => Err(broken("dump afterwards", format!("{way}:\n{how}"))),
            None => Ok(()),
        }
    }
}

/// Whether rows do not fit. A value that is no tsvector is a syntax error to the server.
fn is_about_rows(problem: &Problem) -> bool {
    problem.fix.starts_with("rows that are there") || problem.why.contains(" in tsvector: ")
}

/// A plan as text.
fn text(plan: &Plan) -> String {
    plan.steps.iter().map(|step| format!("{};\n", step.sql)).collect()
}
