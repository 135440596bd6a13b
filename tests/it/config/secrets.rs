//! Whatever password is given, in whatever address, well formed or not, none is ever shown.

use proptest::prelude::*;

use super::Machine;

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Everything a person or a log could see of what came of these settings.
fn seen(machine: &Machine) -> String {
    let mut seen = String::new();
    match machine.config() {
        Err(problem) => seen.push_str(&format!("{problem} {problem:?}")),
        Ok(config) => {
            seen.push_str(&format!(
                "{:?} {:?} {:?}",
                config.warnings(),
                config.choices(),
                config.variables()
            ));
            match config.target(&machine.flags) {
                Err(problem) => seen.push_str(&format!("{problem} {problem:?}")),
                Ok(None) => {}
                Ok(Some(target)) => {
                    config.remember(&target).unwrap();
                    let address = &target.address;
                    seen.push_str(&format!(
                        "{target:?} {address} {} {}",
                        address.place(),
                        address.to_url()
                    ));
                }
            }
            seen.push_str(&format!("{:?} {:?}", config.choices(), config.check()));
        }
    }
    let recent = machine.path("state/dbstudio/recent.json");
    seen.push_str(&std::fs::read_to_string(recent).unwrap_or_default());
    seen
}

/// A password that could not be in a message by chance.
fn passwords() -> impl Strategy<Value = String> {
    "[a-z0-9@:/?#&=%+ '\"\\\\$,;\\[\\]]{0,6}Zq7x[a-z0-9@:/?#&=%+ '\"\\\\$,;\\[\\]]{0,6}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn no_password_is_ever_shown(password in passwords(), way in 0..9usize, broken in 0..4usize) {
        let tail = ["/shop", ":54x/shop", "/shop?sslmod=require", "/shop?sslmode=bad"][broken];
        let machine = Machine::new();
        let machine = match way {
            0 => machine.typed(&format!("postgres://u:{}@db.example.com{tail}", encoded(&password))),
            1 => machine.variable("DATABASE_URL", &format!("postgres://u:{}@db.example.com{tail}", encoded(&password))),
            2 => machine.typed(&format!("host=h user=u password='{}'", password.replace('\\', "\\\\").replace('\'', "\\'"))),
            3 => machine.variable("PGPASSWORD", &password).typed("postgres://u@h/d"),
            4 => machine.typed(&format!("postgres://h{tail}&password={}", encoded(&password))),
            5 => machine.project(&format!("[environments.a]\nurl = 'postgres://u:{}@h{tail}'\nbad = 1", encoded(&password))),
            6 => machine.project("[environments.a]\nurl = 'postgres://u:${PW}@h/d'").variable("PW", &password),
            7 => machine.project("").file("project/.env", &format!("DATABASE_URL=postgres://u:{password}@h/d\n")),
            _ => machine.project(&format!("required_env = ['PW: url']\n[environments.a]\nurl = 'postgres://u:{}@h/d", encoded(&password))).variable("PW", &password),
        };
        let seen = seen(&machine);
        prop_assert!(!seen.contains("Zq7x"), "{}", seen);
        prop_assert!(!seen.contains(&encoded("Zq7x")), "{}", seen);
    }

    /// A password somebody forgot to encode: the address may be refused or misread as libpq
    /// misreads it, but its heart is not repeated in a problem.
    #[test]
    fn nor_one_that_is_not_encoded(password in passwords(), form in 0..5usize) {
        let text = match form {
            0 => format!("postgres://u:{password}@db.example.com/shop"),
            1 => format!("mysql://u:{password}@db.example.com/shop"),
            2 => format!("u:{password}@db.example.com/shop"),
            3 => format!("host=h password={password} user=u"),
            _ => format!("postgres://u:{password}@db.example.com:port/shop?sslmode=no"),
        };
        let machine = Machine::new().typed(&text);
        if let Err(problem) = machine.target() {
            let told = format!("{problem} {problem:?}");
            prop_assert!(!told.contains("Zq7x"), "{}", told);
        }
    }

    /// Nothing that can be typed or written makes reading the configuration panic.
    #[test]
    fn nothing_written_panics(text in ".{0,60}", scheme in 0..6usize) {
        let scheme = ["", "postgres://", "sqlite:", "file:", "host=", "${"][scheme];
        let typed = format!("{scheme}{text}");
        let machine = Machine::new().typed(&typed).project(&text).variable("PW", &text);
        let _ = machine.target().is_ok();
        let machine = Machine::new().project(&format!("[environments.a]\nurl = {}", toml::Value::from(typed)));
        let _ = machine.target().is_ok();
    }
}
