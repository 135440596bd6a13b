//! What a column is about, by its name: so that an email looks like one. Pure but for the random
//! numbers it is given.

use fake::Fake;
use fake::faker::address::en::{
    BuildingNumber, CityName, CountryCode, CountryName, StateAbbr, StateName, StreetName, TimeZone,
    ZipCode,
};
use fake::faker::company::en::{Bs, Buzzword, CatchPhrase, CompanyName, Industry, Profession};
use fake::faker::currency::en::CurrencyCode;
use fake::faker::filesystem::en::{FileName, MimeType, SemverStable};
use fake::faker::internet::en::{IPv4, MACAddress, SafeEmail, UserAgent, Username};
use fake::faker::job::en::Title;
use fake::faker::lorem::en::{Paragraph, Sentence, Words};
use fake::faker::name::en::{FirstName, LastName, Name, Title as Salutation};
use fake::faker::phone_number::en::PhoneNumber;
use fake::rand::RngExt;
use fake::rand::rngs::StdRng;

/// What a column is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An email address.
    Email,
    /// A given name.
    FirstName,
    /// A family name.
    LastName,
    /// Somebody's whole name.
    Person,
    /// A form of address.
    Salutation,
    /// A login name.
    Username,
    /// A company.
    Company,
    /// The name of a thing.
    Product,
    /// A phone number.
    Phone,
    /// A city.
    City,
    /// A country.
    Country,
    /// A country's two letters.
    CountryCode,
    /// A state or region.
    State,
    /// A postal code.
    Zip,
    /// A street with its number.
    Street,
    /// A web address.
    Url,
    /// A host on the internet.
    Domain,
    /// An IP address.
    Ip,
    /// A network card's address.
    Mac,
    /// A browser.
    UserAgent,
    /// A secret in hexadecimal digits.
    Token,
    /// A UUID kept as text.
    Uuid,
    /// A line of text.
    Line,
    /// Some lines of text.
    Prose,
    /// Words joined by hyphens.
    Slug,
    /// A profession.
    Job,
    /// A line of business.
    Industry,
    /// A currency's three letters.
    Currency,
    /// An amount of money.
    Price,
    /// A few of something.
    Quantity,
    /// A share of a hundred.
    Percent,
    /// Marks from one to five.
    Rating,
    /// Years of life.
    Age,
    /// A year.
    Year,
    /// Degrees north.
    Latitude,
    /// Degrees east.
    Longitude,
    /// A colour.
    Colour,
    /// A language.
    Language,
    /// A time zone.
    TimeZone,
    /// What state something is in.
    Status,
    /// A kind of something.
    Category,
    /// A file's name.
    File,
    /// What is in a file.
    Mime,
    /// A version.
    Version,
    /// A code of letters and digits.
    Code,
    /// A day of birth.
    Birth,
    /// Something still to come.
    Future,
    /// Something that was.
    Past,
    /// A place in an order.
    Position,
    /// Bytes or another size.
    Size,
    /// Nothing that the name tells.
    Other,
}

/// Words of a column's name, and what they mean; the first row that fits counts. A word with `=`
/// before it must be the whole name.
const WORDS: &[(&[&str], Meaning)] = &[
    (&["email", "e_mail", "mail"], Meaning::Email),
    (&["firstname", "first_name", "given_name", "givenname", "forename"], Meaning::FirstName),
    (&["lastname", "last_name", "surname", "family_name"], Meaning::LastName),
    (&["username", "user_name", "login", "nickname", "handle", "screen_name"], Meaning::Username),
    (&["salutation"], Meaning::Salutation),
    (
        &[
            "fullname",
            "full_name",
            "display_name",
            "contact_name",
            "author",
            "=owner",
            "recipient",
            "=customer",
            "=person",
        ],
        Meaning::Person,
    ),
    (
        &[
            "company",
            "organization",
            "organisation",
            "employer",
            "manufacturer",
            "vendor",
            "supplier",
            "brand",
            "publisher",
        ],
        Meaning::Company,
    ),
    (&["user_agent", "useragent", "browser"], Meaning::UserAgent),
    (&["phone", "mobile", "telephone", "fax"], Meaning::Phone),
    (&["country_code", "countrycode"], Meaning::CountryCode),
    (&["country", "nation"], Meaning::Country),
    (&["city", "town", "municipality"], Meaning::City),
    (&["zip", "zipcode", "postal", "postcode", "postal_code"], Meaning::Zip),
    (&["street", "address", "address1", "address_line", "addr"], Meaning::Street),
    (&["province", "region", "county"], Meaning::State),
    (&["mac", "mac_address"], Meaning::Mac),
    (&["ip", "ip_address", "ipaddress", "ip_addr"], Meaning::Ip),
    (
        &["url", "uri", "website", "homepage", "link", "href", "avatar", "image", "photo"],
        Meaning::Url,
    ),
    (&["domain", "hostname", "host"], Meaning::Domain),
    (&["uuid", "guid"], Meaning::Uuid),
    (
        &[
            "token",
            "secret",
            "password",
            "passwd",
            "hash",
            "digest",
            "checksum",
            "signature",
            "salt",
            "ciphertext",
            "fingerprint",
            "sha256",
            "md5",
            "etag",
            "nonce",
        ],
        Meaning::Token,
    ),
    (&["slug", "permalink"], Meaning::Slug),
    (&["job", "profession", "occupation", "job_title"], Meaning::Job),
    (&["industry", "sector"], Meaning::Industry),
    (&["currency"], Meaning::Currency),
    (&["percent", "percentage", "pct", "discount", "progress"], Meaning::Percent),
    (&["rating", "stars", "score"], Meaning::Rating),
    (&["birth", "birthday", "dob", "born", "birthdate", "date_of_birth"], Meaning::Birth),
    (
        &[
            "expires",
            "expiry",
            "expires_at",
            "expiration",
            "due",
            "deadline",
            "valid_until",
            "valid_to",
            "ends",
            "end_date",
            "ends_at",
            "end_at",
        ],
        Meaning::Future,
    ),
    (
        &[
            "price", "amount", "total", "cost", "balance", "salary", "fee", "revenue", "subtotal",
            "tax", "budget", "paid",
        ],
        Meaning::Price,
    ),
    (&["quantity", "qty", "count", "stock", "units", "number_of"], Meaning::Quantity),
    (&["=age"], Meaning::Age),
    (&["year"], Meaning::Year),
    (&["lat", "latitude"], Meaning::Latitude),
    (&["lng", "lon", "longitude"], Meaning::Longitude),
    (&["color", "colour"], Meaning::Colour),
    (&["locale", "lang", "language"], Meaning::Language),
    (&["timezone", "time_zone", "tz"], Meaning::TimeZone),
    (
        &["position", "sort_order", "sort", "rank", "ordinal", "priority", "level", "sequence"],
        Meaning::Position,
    ),
    (&["bytes", "size", "length", "width", "height", "weight"], Meaning::Size),
    (&["state"], Meaning::State),
    (&["status"], Meaning::Status),
    (&["category", "kind", "type", "genre", "role", "tag", "label", "group"], Meaning::Category),
    (&["filename", "file", "file_name", "path"], Meaning::File),
    (&["mime", "content_type", "mimetype"], Meaning::Mime),
    (&["version"], Meaning::Version),
    (&["code", "sku", "isbn", "serial", "barcode", "reference", "ref"], Meaning::Code),
    (
        &[
            "description",
            "body",
            "content",
            "bio",
            "notes",
            "note",
            "comment",
            "text",
            "message",
            "summary",
            "details",
            "about",
        ],
        Meaning::Prose,
    ),
    (&["title", "subject", "headline", "caption", "question", "reason", "action"], Meaning::Line),
    (
        &["created", "updated", "modified", "deleted", "at", "date", "time", "since", "started"],
        Meaning::Past,
    ),
];

/// Words of the names of tables whose rows are people, companies or things.
const PEOPLE: &[&str] = &[
    "user",
    "users",
    "person",
    "people",
    "customer",
    "customers",
    "employee",
    "employees",
    "author",
    "authors",
    "member",
    "members",
    "contact",
    "contacts",
    "student",
    "students",
    "patient",
    "patients",
    "account",
    "accounts",
    "client",
    "clients",
    "staff",
    "teacher",
    "teachers",
    "driver",
    "drivers",
    "player",
    "players",
];
const COMPANIES: &[&str] = &[
    "company",
    "companies",
    "organization",
    "organizations",
    "vendor",
    "vendors",
    "supplier",
    "suppliers",
    "brand",
    "brands",
    "publisher",
    "publishers",
    "tenant",
    "tenants",
    "org",
    "orgs",
];

impl Meaning {
    /// What a column of a table is about.
    pub(super) fn of(table: &str, column: &str) -> Self {
        let name = snake(column);
        let words: Vec<&str> = name.split('_').collect();
        let has = |wanted: &str| match wanted.strip_prefix('=') {
            Some(whole) => name == whole,
            None if wanted.contains('_') => {
                name == wanted
                    || name.starts_with(&format!("{wanted}_"))
                    || name.ends_with(&format!("_{wanted}"))
            }
            None => words.contains(&wanted),
        };
        if name == "name" || (name.ends_with("_name") && words.len() == 2) {
            let whose = if name == "name" { snake(table) } else { name.clone() };
            let of_table = |list: &[&str]| whose.split('_').any(|word| list.contains(&word));
            let known = WORDS.iter().find(|(list, _)| list.iter().any(|wanted| has(wanted)));
            return match known {
                Some((_, meaning)) if name != "name" => *meaning,
                _ if of_table(PEOPLE) => Self::Person,
                _ if of_table(COMPANIES) => Self::Company,
                _ if of_table(&["city", "cities"]) => Self::City,
                _ if of_table(&["country", "countries"]) => Self::Country,
                _ => Self::Product,
            };
        }
        let found = WORDS.iter().find(|(list, _)| list.iter().any(|wanted| has(wanted)));
        found.map_or(Self::Other, |(_, meaning)| *meaning)
    }

    /// A text of this meaning.
    pub(super) fn text(self, rng: &mut StdRng) -> String {
        match self {
            Self::Email => SafeEmail().fake_with_rng(rng),
            Self::FirstName => FirstName().fake_with_rng(rng),
            Self::LastName => LastName().fake_with_rng(rng),
            Self::Person => Name().fake_with_rng(rng),
            Self::Salutation => Salutation().fake_with_rng(rng),
            Self::Username => Username().fake_with_rng(rng),
            Self::Company => CompanyName().fake_with_rng(rng),
            Self::Product => product(rng),
            Self::Phone => PhoneNumber().fake_with_rng(rng),
            Self::City => CityName().fake_with_rng(rng),
            Self::Country => CountryName().fake_with_rng(rng),
            Self::CountryCode => CountryCode().fake_with_rng(rng),
            Self::State if rng.random_bool(0.5) => StateAbbr().fake_with_rng(rng),
            Self::State => StateName().fake_with_rng(rng),
            Self::Zip => ZipCode().fake_with_rng(rng),
            Self::Street => {
                let number: String = BuildingNumber().fake_with_rng(rng);
                let street: String = StreetName().fake_with_rng(rng);
                format!("{number} {street}")
            }
            Self::Url => format!("https://{}/{}", domain(rng), slug(rng)),
            Self::Domain => domain(rng),
            Self::Ip => IPv4().fake_with_rng(rng),
            Self::Mac => MACAddress().fake_with_rng(rng),
            Self::UserAgent => UserAgent().fake_with_rng(rng),
            Self::Token => hexadecimal(rng, 32),
            Self::Uuid => uuid(rng),
            Self::Slug => slug(rng),
            Self::Job if rng.random_bool(0.5) => Profession().fake_with_rng(rng),
            Self::Job => Title().fake_with_rng(rng),
            Self::Industry => Industry().fake_with_rng(rng),
            Self::Currency => CurrencyCode().fake_with_rng(rng),
            Self::Colour => format!("#{}", hexadecimal(rng, 6)),
            Self::TimeZone => TimeZone().fake_with_rng(rng),
            Self::File => FileName().fake_with_rng(rng),
            Self::Mime => MimeType().fake_with_rng(rng),
            Self::Version => SemverStable().fake_with_rng(rng),
            Self::Prose => Paragraph(1..4).fake_with_rng(rng),
            Self::Line if rng.random_bool(0.3) => CatchPhrase().fake_with_rng(rng),
            Self::Line => Sentence(3..7).fake_with_rng(rng),
            _ => self.plain(rng),
        }
    }

    /// The meanings that have a few words of ours, or none.
    fn plain(self, rng: &mut StdRng) -> String {
        let one = |rng: &mut StdRng, list: &[&str]| {
            let at = rng.random_range(0..list.len().max(1));
            list.get(at).copied().unwrap_or_default().to_owned()
        };
        match self {
            Self::Language => one(rng, &["en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja"]),
            Self::Status => one(rng, &["active", "pending", "done", "archived", "draft", "failed"]),
            Self::Category => Buzzword().fake_with_rng(rng),
            Self::Code => {
                let letters: String =
                    (0..3).map(|_| char::from(rng.random_range(b'A'..=b'Z'))).collect();
                format!("{letters}-{:05}", rng.random_range(0..100_000))
            }
            Self::Other if rng.random_bool(0.2) => Bs().fake_with_rng(rng),
            _ => {
                let words: Vec<String> = Words(1..4).fake_with_rng(rng);
                words.join(" ")
            }
        }
    }

    /// The numbers that look right: from and to.
    pub(super) fn numbers(self) -> (f64, f64) {
        match self {
            Self::Price => (1.0, 999.0),
            Self::Quantity => (1.0, 50.0),
            Self::Percent => (0.0, 100.0),
            Self::Rating => (1.0, 5.0),
            Self::Age => (18.0, 90.0),
            Self::Year => (1970.0, 2025.0),
            Self::Latitude => (-60.0, 70.0),
            Self::Longitude => (-170.0, 170.0),
            Self::Position => (1.0, 100.0),
            Self::Size => (1.0, 100_000.0),
            // Seconds since 1970.
            Self::Past | Self::Birth => (1_577_836_800.0, 1_764_000_000.0),
            Self::Future => (3_786_912_000.0, 4_102_444_800.0),
            _ => (1.0, 10_000.0),
        }
    }
}

/// A name in small letters, its words parted by `_`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut before = '_';
    for letter in name.chars() {
        if letter.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit()) {
            out.push('_');
        }
        if letter.is_alphanumeric() {
            out.extend(letter.to_lowercase());
        } else if before != '_' {
            out.push('_');
        }
        before = if letter.is_alphanumeric() { letter } else { '_' };
    }
    out.trim_matches('_').to_owned()
}

fn product(rng: &mut StdRng) -> String {
    const HOW: [&str; 12] = [
        "Small", "Sturdy", "Blue", "Quiet", "Folding", "Oak", "Light", "Classic", "Copper",
        "Travel", "Woollen", "Bright",
    ];
    const WHAT: [&str; 16] = [
        "Lamp", "Chair", "Notebook", "Kettle", "Backpack", "Desk", "Clock", "Mug", "Shelf",
        "Camera", "Jacket", "Bicycle", "Radio", "Tent", "Basket", "Mirror",
    ];
    let how = HOW.get(rng.random_range(0..HOW.len())).copied().unwrap_or_default();
    let what = WHAT.get(rng.random_range(0..WHAT.len())).copied().unwrap_or_default();
    format!("{how} {what}")
}

fn slug(rng: &mut StdRng) -> String {
    let words: Vec<String> = Words(2..4).fake_with_rng(rng);
    words.join("-").to_lowercase()
}

fn domain(rng: &mut StdRng) -> String {
    // Reserved names (RFC 2606): nobody gets mail or visits by them.
    let ending = ["example.com", "example.org", "example.net"];
    let words: Vec<String> = Words(1..2).fake_with_rng(rng);
    let at = rng.random_range(0..ending.len());
    format!("{}.{}", words.join("").to_lowercase(), ending.get(at).copied().unwrap_or_default())
}

/// So many hexadecimal digits.
pub(super) fn hexadecimal(rng: &mut StdRng, digits: usize) -> String {
    (0..digits).filter_map(|_| char::from_digit(rng.random_range(0..16), 16)).collect()
}

/// A random UUID (RFC 9562, version 4).
pub(super) fn uuid(rng: &mut StdRng) -> String {
    let number: u128 = rng.random();
    let number = (number & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let text = format!("{number:032x}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use fake::rand::SeedableRng;

    use super::*;

    #[test]
    fn names_tell_what_a_column_is_about() {
        for (table, column, expected) in [
            ("users", "name", Meaning::Person),
            ("Companies", "name", Meaning::Company),
            ("products", "name", Meaning::Product),
            ("x", "billingEmail", Meaning::Email),
            ("x", "first_name", Meaning::FirstName),
            ("x", "createdAt", Meaning::Past),
            ("x", "postal_code", Meaning::Zip),
            ("x", "unit_price", Meaning::Price),
            ("x", "company_name", Meaning::Company),
            ("x", "language", Meaning::Language),
            ("x", "status", Meaning::Status),
            ("x", "percentage", Meaning::Percent),
            ("x", "whatever", Meaning::Other),
        ] {
            assert_eq!(Meaning::of(table, column), expected, "{table}.{column}");
        }
        let uuid = uuid(&mut StdRng::seed_from_u64(1));
        assert!(uuid.len() == 36 && uuid.get(14..15) == Some("4"), "{uuid}");
    }
}
