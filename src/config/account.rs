//! Who is at work: the account of the operating system, and the machine. For records only; nothing
//! is allowed or refused by it.

use super::Variables;

/// The account and the machine: `ada@laptop`.
pub fn account(variables: &Variables) -> String {
    let named = ["USER", "LOGNAME"].iter().find_map(|name| variables.process(name));
    let system = rustix::system::uname();
    let machine = system.nodename().to_string_lossy();
    format!("{}@{machine}", named.unwrap_or("unknown"))
}
