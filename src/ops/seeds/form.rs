//! Texts in the forms of PostgreSQL's own types (manual, chapter 8). Pure but for the random
//! numbers it is given.

use fake::Fake;
use fake::faker::lorem::en::Words;
use fake::rand::RngExt;
use fake::rand::rngs::StdRng;

use super::meaning::hexadecimal;
use super::shape::Form;

/// A text that a type of this form reads.
pub(super) fn text(form: Form, rng: &mut StdRng) -> String {
    let mut number = || rng.random_range(-1_000i32..1_000);
    match form {
        Form::Point => format!("({},{})", number(), number()),
        Form::Line => format!("{{{},{},{}}}", number().max(1), number(), number()),
        Form::Segment => format!("[({},{}),({},{})]", number(), number(), number(), number()),
        Form::Rectangle => format!("({},{}),({},{})", number(), number(), number(), number()),
        Form::Outline => {
            let (x, y) = (number(), number());
            format!("(({x},{y}),({},{y}),({x},{}))", x + 5, y + 5)
        }
        Form::Circle => format!("<({},{}),{}>", number(), number(), number().abs() + 1),
        Form::Money => format!("{}.{:02}", number().abs(), number().abs() % 100),
        _ => other(form, rng),
    }
}

fn other(form: Form, rng: &mut StdRng) -> String {
    let words = |rng: &mut StdRng| -> Vec<String> { Words(2..4).fake_with_rng(rng) };
    let pairs = |count: usize, rng: &mut StdRng| {
        (0..count).map(|_| hexadecimal(rng, 2)).collect::<Vec<_>>().join(":")
    };
    match form {
        Form::Inet => format!("10.{}.{}.{}", byte(rng), byte(rng), byte(rng)),
        Form::Cidr => format!("10.{}.{}.0/24", byte(rng), byte(rng)),
        Form::Mac => pairs(6, rng),
        Form::Mac8 => pairs(8, rng),
        Form::Words => words(rng).join(" ").to_lowercase(),
        Form::Search => words(rng).join(" & ").to_lowercase(),
        Form::Xml => format!("<note>{}</note>", words(rng).join(" ")),
        Form::Pairs => {
            let words = words(rng).join(" ");
            format!("\"key\"=>\"{words}\"")
        }
        Form::Labels => words(rng).join(".").to_lowercase(),
        Form::Place => format!("{}/{}", hexadecimal(rng, 2).to_uppercase(), hexadecimal(rng, 6)),
        _ => format!("$.{}", words(rng).join("_").to_lowercase()),
    }
}

fn byte(rng: &mut StdRng) -> u8 {
    rng.random_range(1..=254)
}
