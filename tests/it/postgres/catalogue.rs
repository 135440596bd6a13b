//! The catalogue as the tree and the Schema view show it.

use std::time::{Duration, Instant};

use dbstudio::db::Db;
use dbstudio::db::stop::Stop;
use dbstudio::problem::Kind;
use dbstudio::schema::{Generation, RelationKind, TypeKind};

use super::{address_of, name, open, open_target, relation, target};
use crate::server::postgres;

const SCHEMA: &str = r#"
    CREATE SCHEMA audit; COMMENT ON SCHEMA audit IS 'who did what';
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE DOMAIN email AS text COLLATE "C" NOT NULL CHECK (VALUE LIKE '%@%');
    CREATE DOMAIN work_email AS email;
    CREATE TYPE pair AS (a int, b text);
    CREATE TYPE span AS RANGE (subtype = float8);
    CREATE SEQUENCE loose; SELECT nextval('loose');
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
    CREATE PROCEDURE nothing() LANGUAGE sql AS '';
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE EXTENSION hstore;
    CREATE TABLE customers (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        mail work_email, state mood DEFAULT 'ok', note varchar(20) COLLATE "C",
        gone int, serial serial, twice int GENERATED ALWAYS AS (gone * 2) STORED,
        CONSTRAINT one_mail UNIQUE (mail) DEFERRABLE INITIALLY DEFERRED);
    ALTER TABLE customers DROP COLUMN gone CASCADE;
    COMMENT ON TABLE customers IS 'it''s them'; COMMENT ON COLUMN customers.mail IS 'where to write';
    INSERT INTO customers (mail) VALUES ('a@b'), ('c@d');
    CREATE TABLE orders (
        tenant int, id int, customer bigint REFERENCES customers ON DELETE CASCADE ON UPDATE SET NULL,
        total numeric(10,2) CHECK (total >= 0), during tstzrange,
        PRIMARY KEY (tenant, id), EXCLUDE USING gist (during WITH &&)) WITH (fillfactor = 70);
    ALTER TABLE orders ADD CONSTRAINT late CHECK (tenant > 0) NOT VALID;
    CREATE UNIQUE INDEX order_number ON orders (id);
    CREATE UNIQUE INDEX partial ON orders (customer) WHERE total > 0;
    CREATE UNIQUE INDEX expressed ON orders ((id + 1));
    CREATE INDEX covering ON orders (customer DESC, lower(total::text)) INCLUDE (tenant);
    CREATE TABLE items (tenant int, "Order" int, line int, FOREIGN KEY (tenant, "Order") REFERENCES orders (tenant, id));
    CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
    ALTER TABLE orders DISABLE TRIGGER touched;
    ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON orders AS RESTRICTIVE FOR UPDATE TO postgres USING (tenant = 1) WITH CHECK (tenant = 2);
    CREATE TABLE events (id int NOT NULL, at date) PARTITION BY RANGE (at);
    CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY HASH (id);
    CREATE TABLE events_2024_0 PARTITION OF events_2024 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    CREATE TABLE events_rest PARTITION OF events DEFAULT;
    INSERT INTO events SELECT g, date '2024-05-01' FROM generate_series(1, 500) g;
    CREATE VIEW paid AS SELECT id, total FROM orders WHERE total > 0; COMMENT ON VIEW paid IS 'money';
    CREATE MATERIALIZED VIEW sums AS SELECT sum(total) FROM orders;
    CREATE UNLOGGED TABLE audit.log (line text);
    ANALYZE;"#;

async fn read(db: &Db, schema: &str, table: &str) -> dbstudio::schema::Relation {
    db.relation(&name(schema, table), &Stop::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outline_holds_everything_there_is() {
    let database = postgres().create_database("outline");
    database.psql(SCHEMA);
    let db = open(&database).await;
    let outline = db.outline(&Stop::new()).await.unwrap();
    let schemas: Vec<&str> = outline.schemas.iter().map(|schema| schema.name.as_str()).collect();
    assert_eq!(schemas, ["audit", "public"]);
    assert_eq!(outline.schemas[0].comment.as_deref(), Some("who did what"));
    let public = &outline.schemas[1];
    let kinds: Vec<(&str, RelationKind)> =
        public.relations.iter().map(|relation| (relation.name.as_str(), relation.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("customers", RelationKind::Table),
            ("events", RelationKind::PartitionedTable),
            ("events_2024", RelationKind::PartitionedTable),
            ("events_2024_0", RelationKind::Partition),
            ("events_rest", RelationKind::Partition),
            ("items", RelationKind::Table),
            ("orders", RelationKind::Table),
            ("paid", RelationKind::View),
            ("sums", RelationKind::MaterializedView),
        ]
    );
    let find = |table: &str| outline.find(&name("public", table)).unwrap();
    assert_eq!(find("customers").columns, 5);
    assert_eq!(find("customers").rows_estimate, Some(2));
    assert_eq!(find("customers").bytes_estimate, Some(8192));
    assert_eq!(find("customers").comment.as_deref(), Some("it's them"));
    assert_eq!(find("events").rows_estimate, Some(500));
    assert_eq!(find("events_2024").rows_estimate, Some(500));
    assert_eq!(find("events_2024").partition_of, Some(name("public", "events")));
    assert_eq!(find("events_2024_0").partition_of, Some(name("public", "events_2024")));
    assert_eq!(find("paid").rows_estimate, None);
    assert_eq!(outline.unseen, Vec::<String>::new());
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outline_holds_types_sequences_and_functions() {
    let database = postgres().create_database("outline_types");
    database.psql(SCHEMA);
    let db = open(&database).await;
    let outline = db.outline(&Stop::new()).await.unwrap();
    let public = &outline.schemas[1];
    let types: Vec<(&str, TypeKind, String)> = public
        .types
        .iter()
        .map(|named| (named.name.as_str(), named.kind, named.definition.join("; ")))
        .collect();
    assert_eq!(
        types,
        [
            ("email", TypeKind::Domain, "text NOT NULL; CHECK (VALUE ~~ '%@%'::text)".to_owned()),
            ("mood", TypeKind::Enum, "sad; ok".to_owned()),
            ("pair", TypeKind::Composite, "a integer; b text".to_owned()),
            ("span", TypeKind::Range, "subtype double precision".to_owned()),
            ("work_email", TypeKind::Domain, "email".to_owned()),
        ]
    );
    let sequences: Vec<(&str, Option<i64>, Option<&str>)> = public
        .sequences
        .iter()
        .map(|sequence| (sequence.name.as_str(), sequence.last_value, sequence.owned_by.as_deref()))
        .collect();
    assert_eq!(
        sequences,
        [("customers_serial_seq", Some(2), Some("customers.serial")), ("loose", Some(1), None)]
    );
    let functions: Vec<(&str, &str, &str, &str)> = public
        .functions
        .iter()
        .map(|function| {
            (
                function.name.as_str(),
                function.kind,
                function.arguments.as_str(),
                function.returns.as_str(),
            )
        })
        .collect();
    // span and its kin make constructors of their own, which belong to the type.
    let ours: Vec<_> = functions.iter().filter(|function| !function.0.contains("span")).collect();
    assert_eq!(
        ours,
        [
            &("nothing", "procedure", "", ""),
            &("touch", "function", "", "trigger"),
            &("twice", "function", "n integer", "integer"),
        ]
    );
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_are_what_the_server_measures() {
    let database = postgres().create_database("sizes");
    database.psql(SCHEMA);
    let db = open(&database).await;
    let sizes = db.sizes(&Stop::new()).await.unwrap();
    let customers = sizes.iter().find(|size| size.relation.name == "customers").unwrap();
    let expected = database.psql("SELECT pg_table_size('customers'), pg_indexes_size('customers')");
    let printed =
        format!("{}|{}\n", customers.table_bytes.unwrap(), customers.index_bytes.unwrap());
    assert_eq!(printed, expected);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relation_is_read_in_full() {
    let database = postgres().create_database("relation");
    database.psql(SCHEMA);
    let db = open(&database).await;
    let customers = relation(&db, "customers").await;
    let columns: Vec<String> = customers
        .columns
        .iter()
        .map(|column| {
            format!("{} {} {} {}", column.name, column.type_name, column.base_type, column.nullable)
        })
        .collect();
    assert_eq!(
        columns,
        [
            "id bigint int8 false",
            "mail work_email text false",
            "state mood mood true",
            "note character varying(20) varchar true",
            "serial integer int4 false",
        ]
    );
    let column = |name: &str| customers.column(name).unwrap();
    assert_eq!(column("id").generation, Some(Generation::IdentityAlways));
    assert_eq!(column("mail").comment.as_deref(), Some("where to write"));
    assert_eq!(column("mail").collation, None);
    assert_eq!(column("note").collation.as_deref(), Some("\"C\""));
    assert_eq!(column("state").default.as_deref(), Some("'ok'::mood"));
    assert_eq!(column("state").enum_labels, ["sad", "ok"]);
    assert_eq!(customers.primary_key.as_ref().unwrap().columns, ["id"]);
    assert_eq!(customers.unique_keys[0].deferrable, "DEFERRABLE INITIALLY DEFERRED");
    assert_eq!(customers.incoming[0].source, name("public", "orders"));
    assert_eq!(customers.incoming[0].on_delete, "CASCADE");
    assert_eq!(customers.rows_estimate, Some(2));
    assert_eq!(customers.owner.as_deref(), Some("postgres"));
    assert!(customers.definition.contains("COMMENT ON TABLE public.customers IS 'it''s them'"));
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_checks_indexes_triggers_and_policies_are_read() {
    let database = postgres().create_database("parts");
    database.psql(SCHEMA);
    let db = open(&database).await;
    let orders = relation(&db, "orders").await;
    assert_eq!(orders.primary_key.as_ref().unwrap().columns, ["tenant", "id"]);
    let unique: Vec<&str> = orders.unique_keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(unique, ["order_number"], "neither partial nor expression indexes are keys");
    let key = &orders.foreign_keys[0];
    assert_eq!((key.on_delete.as_str(), key.on_update.as_str()), ("CASCADE", "SET NULL"));
    assert_eq!(
        (&key.columns, &key.target_columns),
        (&vec!["customer".to_owned()], &vec!["id".to_owned()])
    );
    let checks: Vec<(&str, &str, bool)> = orders
        .checks
        .iter()
        .map(|check| (check.name.as_str(), check.expression.as_str(), check.validated))
        .collect();
    assert_eq!(
        checks,
        [("late", "tenant > 0", false), ("orders_total_check", "total >= 0::numeric", true)]
    );
    assert_eq!(orders.exclusions[0].definition, "EXCLUDE USING gist (during WITH &&)");
    let covering = orders.indexes.iter().find(|index| index.name == "covering").unwrap();
    assert_eq!(covering.columns, ["customer", "lower(total::text)"]);
    assert_eq!((covering.method.as_str(), covering.valid, covering.unique), ("btree", true, false));
    assert!(covering.bytes.is_some());
    let partial = orders.indexes.iter().find(|index| index.name == "partial").unwrap();
    assert_eq!(partial.predicate.as_deref(), Some("total > 0::numeric"));
    assert_eq!((orders.triggers[0].name.as_str(), orders.triggers[0].enabled), ("touched", false));
    assert_eq!(orders.row_security, Some(true));
    let policy = &orders.policies[0];
    assert_eq!((policy.command.as_str(), policy.permissive), ("UPDATE", false));
    assert_eq!(policy.roles, ["postgres"]);
    assert_eq!(policy.using.as_deref(), Some("tenant = 1"));
    assert_eq!(policy.with_check.as_deref(), Some("tenant = 2"));
    assert_eq!(orders.traits, ["fillfactor=70"]);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_views_and_absent_relations_are_read() {
    let database = postgres().create_database("kinds");
    database.psql(SCHEMA);
    let db = open(&database).await;
    let items = relation(&db, "items").await;
    assert_eq!(items.foreign_keys[0].columns, ["tenant", "Order"]);
    assert_eq!(items.foreign_keys[0].target_columns, ["tenant", "id"]);
    assert_eq!(items.identity_key(), None);
    let events = relation(&db, "events").await;
    assert_eq!(events.partition_key.as_deref(), Some("RANGE (at)"));
    assert_eq!(events.partitions, [name("public", "events_2024"), name("public", "events_rest")]);
    assert_eq!(events.rows_estimate, Some(500));
    let rest = relation(&db, "events_rest").await;
    assert_eq!(rest.partition_of.as_ref().unwrap().bounds, "DEFAULT");
    let paid = relation(&db, "paid").await;
    assert!(
        paid.definition.starts_with("CREATE VIEW public.paid AS\n SELECT"),
        "{}",
        paid.definition
    );
    assert_eq!(read(&db, "audit", "log").await.traits, ["UNLOGGED"]);
    let problem = db.relation(&name("public", "nowhere"), &Stop::new()).await.unwrap_err();
    assert!(problem.what.contains("public.nowhere"));
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_makes_the_table_again() {
    let database = postgres().create_database("definition");
    database.psql(SCHEMA);
    let db = open(&database).await;
    let again = postgres().create_database("again");
    let types = SCHEMA.split("CREATE TABLE customers").next().unwrap();
    again.psql(types);
    again.psql("CREATE SEQUENCE customers_serial_seq");
    for table in
        ["customers", "orders", "items", "events", "events_2024", "events_rest", "paid", "sums"]
    {
        again.psql(&relation(&db, table).await.definition);
    }
    let copy = open(&again).await;
    for table in ["customers", "orders", "items", "events", "paid"] {
        let (one, other) = (relation(&db, table).await, relation(&copy, table).await);
        assert_eq!(one.definition, other.definition);
        assert_eq!(one.columns, other.columns);
    }
    copy.close().await;
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_may_not_see_is_said() {
    let database = postgres().create_database("unseen");
    database.psql(SCHEMA);
    let server = postgres();
    let role = format!("guest_of_{}", database.name);
    server.psql("postgres", &format!("CREATE ROLE {role} LOGIN"));
    database.psql(&format!(
        "GRANT SELECT ON orders TO {role}; GRANT SELECT (id) ON customers TO {role}"
    ));
    let db = open_target(&target(super::address(server.port, &role, &database.name))).await;
    let outline = db.outline(&Stop::new()).await.unwrap();
    assert!(!outline.schemas[0].usable);
    assert!(outline.find(&name("public", "customers")).unwrap().readable);
    assert!(!outline.find(&name("public", "items")).unwrap().readable);
    assert_eq!(outline.unseen.len(), 2, "{:?}", outline.unseen);
    assert!(
        outline.unseen[0].starts_with("1 schema (audit) cannot be opened by role guest"),
        "{:?}",
        outline.unseen
    );
    assert!(outline.unseen[1].contains("7 relations (public.events, "), "{:?}", outline.unseen);
    let customers = relation(&db, "customers").await;
    assert!(
        customers.column("id").unwrap().readable && !customers.column("mail").unwrap().readable
    );
    let log = db.relation(&name("audit", "log"), &Stop::new()).await.unwrap();
    assert!(!log.readable);
    let items = super::whole(&relation(&db, "items").await);
    let problem = db.count(&items, None, &Stop::new()).await.unwrap_err();
    assert!(problem.fix.contains("GRANT SELECT"), "{problem}");
    db.close().await;
    drop(database);
    server.psql("postgres", &format!("DROP ROLE {role}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_table_holds_nothing_up() {
    let database = postgres().create_database("locked");
    database.psql(SCHEMA);
    let db = open(&database).await;
    let holder = open_target(&target(address_of(&database))).await;
    database.psql(
        "CREATE FUNCTION held() RETURNS text LANGUAGE plpgsql AS
        'BEGIN LOCK TABLE customers IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(60); RETURN 1; END';
        CREATE VIEW holding AS SELECT held() AS h",
    );
    let stop = Stop::new();
    let holding = {
        let view = super::whole(&relation(&holder, "holding").await);
        let (holder, stop) = (holder.clone(), stop.clone());
        let request = dbstudio::db::page::PageRequest {
            selection: view,
            place: dbstudio::db::page::Place::Start,
            limit: 1,
        };
        tokio::spawn(async move { holder.page(&request, &stop).await })
    };
    let locked = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'customers'::regclass";
    super::until(&database, locked, "1", Duration::from_secs(10)).await;
    let begun = Instant::now();
    assert!(db.outline(&Stop::new()).await.is_ok());
    let sizes = db.sizes(&Stop::new()).await.unwrap();
    assert!(
        sizes.iter().any(|size| size.relation.name == "customers" && size.table_bytes.is_none())
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
    // The server locks a table to print its expressions; waiting for that can be stopped.
    let impatient = Stop::new();
    let reading = {
        let (db, impatient) = (db.clone(), impatient.clone());
        tokio::spawn(async move { db.relation(&name("public", "customers"), &impatient).await })
    };
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    super::until(&database, waiting, "1", Duration::from_secs(10)).await;
    impatient.ask();
    assert_eq!(reading.await.unwrap().unwrap_err().kind, Kind::Cancelled);
    stop.ask();
    assert_eq!(holding.await.unwrap().unwrap_err().kind, Kind::Cancelled);
    holder.close().await;
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_tables_are_outlined_fast() {
    let database = postgres().create_database("thousand");
    database.psql(
        "DO $$ BEGIN FOR n IN 1..1000 LOOP EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY, a int REFERENCES t1, b text)', n); END LOOP; END $$; ANALYZE",
    );
    let begun = Instant::now();
    let db = open(&database).await;
    let opened = begun.elapsed();
    let outline = db.outline(&Stop::new()).await.unwrap();
    let took = begun.elapsed();
    assert_eq!(outline.schemas[0].relations.len(), 1000);
    // An unoptimized build on a busy machine; the benchmark holds the true figure.
    assert!(took < Duration::from_millis(700), "opened in {opened:?}, outlined after {took:?}");
    let incoming = relation(&db, "t1").await.incoming.len();
    assert_eq!(incoming, 1000);
    db.close().await;
}
