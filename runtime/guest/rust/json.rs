//! JSON for guests of Hearth: messages are read in place and written into a String.
//!
//! Put it beside hearth.rs; it needs nothing of it. A [`Value`] is a piece of the
//! message that was checked whole, so that its parts can be cut out and passed on
//! without being understood:
//!
//! ```text
//! let v = json::parse(&m.data)?;
//! match v.tag()? {
//!     ("Put", Some(p)) => put(&p.get("name")?.text()?, p.get("request")?.raw()),
//!     ...
//! }
//! ```
#![allow(dead_code)]

/// How deep arrays and objects may stand in each other: each level is a call.
const MAX_DEPTH: u32 = 32;

/// One JSON value, as its text.
#[derive(Clone, Copy)]
pub struct Value<'a>(&'a str);

/// Checks a whole message; None where it is not one JSON value.
pub fn parse(data: &[u8]) -> Option<Value<'_>> {
    let text = core::str::from_utf8(data).ok()?.trim_matches(is_space);
    (skip(text, MAX_DEPTH)?.is_empty()).then(|| Value(text))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn trim(s: &str) -> &str {
    s.trim_start_matches(is_space)
}

/// What follows the value that s begins with.
fn skip(s: &str, depth: u32) -> Option<&str> {
    match *s.as_bytes().first()? {
        b'{' | b'[' if depth == 0 => None,
        b'{' => {
            let mut rest = trim(&s[1..]);
            if let Some(rest) = rest.strip_prefix('}') {
                return Some(rest);
            }
            loop {
                rest = trim(skip_text(rest)?).strip_prefix(':')?;
                rest = trim(skip(trim(rest), depth - 1)?);
                match *rest.as_bytes().first()? {
                    b',' => rest = trim(&rest[1..]),
                    b'}' => return Some(&rest[1..]),
                    _ => return None,
                }
            }
        }
        b'[' => {
            let mut rest = trim(&s[1..]);
            if let Some(rest) = rest.strip_prefix(']') {
                return Some(rest);
            }
            loop {
                rest = trim(skip(rest, depth - 1)?);
                match *rest.as_bytes().first()? {
                    b',' => rest = trim(&rest[1..]),
                    b']' => return Some(&rest[1..]),
                    _ => return None,
                }
            }
        }
        b'"' => skip_text(s),
        b't' => s.strip_prefix("true"),
        b'f' => s.strip_prefix("false"),
        b'n' => s.strip_prefix("null"),
        _ => skip_number(s),
    }
}

fn skip_text(s: &str) -> Option<&str> {
    let b = s.as_bytes();
    if b.first() != Some(&b'"') {
        return None;
    }
    let mut i = 1;
    loop {
        match *b.get(i)? {
            b'"' => return Some(&s[i + 1..]),
            b'\\' => match *b.get(i + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => i += 2,
                b'u' if b.get(i + 2..i + 6)?.iter().all(u8::is_ascii_hexdigit) => i += 6,
                _ => return None,
            },
            0..=0x1f => return None,
            _ => i += 1,
        }
    }
}

fn skip_number(s: &str) -> Option<&str> {
    let b = s.as_bytes();
    let digits = |mut i: usize| {
        let from = i;
        while b.get(i).map_or(false, u8::is_ascii_digit) {
            i += 1;
        }
        (i > from).then(|| i)
    };
    let start = (b.first() == Some(&b'-')) as usize;
    let mut i = digits(start)?;
    if b[start] == b'0' && i > start + 1 {
        return None;
    }
    if b.get(i) == Some(&b'.') {
        i = digits(i + 1)?;
    }
    if matches!(b.get(i), Some(b'e' | b'E')) {
        i += 1 + matches!(b.get(i + 1), Some(b'+' | b'-')) as usize;
        i = digits(i)?;
    }
    Some(&s[i..])
}

/// What stands where there is nothing.
pub const NULL: Value<'static> = Value("null");

impl<'a> Value<'a> {
    /// The text of the value.
    pub fn raw(self) -> &'a str {
        self.0
    }

    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    pub fn bool(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    pub fn number(self) -> Option<f64> {
        match self.0.as_bytes()[0] {
            b'-' | b'0'..=b'9' => self.0.parse().ok(),
            _ => None,
        }
    }

    /// A string; a half of a surrogate pair becomes U+FFFD.
    pub fn text(self) -> Option<String> {
        let s = self.0.strip_prefix('"')?.strip_suffix('"')?;
        let mut out = String::with_capacity(s.len());
        let mut rest = s;
        while let Some(i) = rest.find('\\') {
            out.push_str(&rest[..i]);
            let (c, n) = match rest.as_bytes()[i + 1] {
                b'b' => ('\u{8}', 2),
                b'f' => ('\u{c}', 2),
                b'n' => ('\n', 2),
                b'r' => ('\r', 2),
                b't' => ('\t', 2),
                b'u' => unit(&rest[i..]),
                c => (c as char, 2),
            };
            out.push(c);
            rest = &rest[i + n..];
        }
        out.push_str(rest);
        Some(out)
    }

    /// The elements of an array; none of what is no array.
    pub fn items(self) -> Items<'a> {
        Items(self.0.strip_prefix('[').unwrap_or("]"))
    }

    /// The members of an object; none of what is no object.
    pub fn members(self) -> Members<'a> {
        Members(self.0.strip_prefix('{').unwrap_or("}"))
    }

    /// The last member with this name, which has no escapes.
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.members().filter(|(k, _)| *k == name).last().map(|(_, v)| v)
    }

    /// An enum by serde's rules: a name, or an object with a name and its value.
    pub fn tag(self) -> Option<(&'a str, Option<Value<'a>>)> {
        if let Some(s) = self.0.strip_prefix('"') {
            return Some((s.strip_suffix('"')?, None));
        }
        let mut m = self.members();
        match (m.next(), m.next()) {
            (Some((k, v)), None) => Some((k, Some(v))),
            _ => None,
        }
    }

    /// An array of N numbers.
    pub fn numbers<const N: usize>(self) -> Option<[f32; N]> {
        let mut out = [0.0; N];
        let mut n = 0;
        for v in self.items() {
            *out.get_mut(n)? = v.number()? as f32;
            n += 1;
        }
        (n == N).then(|| out)
    }
}

/// The character of a \u escape and the length of it.
fn unit(s: &str) -> (char, usize) {
    let hex = |at: usize| s.get(at..at + 4).and_then(|h| u32::from_str_radix(h, 16).ok());
    let high = hex(2).unwrap_or(0);
    if (0xd800..0xdc00).contains(&high) && s.get(6..8) == Some("\\u") {
        if let Some(low @ 0xdc00..=0xdfff) = hex(8) {
            let c = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return (char::from_u32(c).unwrap_or('\u{fffd}'), 12);
        }
    }
    (char::from_u32(high).unwrap_or('\u{fffd}'), 6)
}

/// Cuts the value off that s begins with. The text was checked.
fn cut(s: &str) -> Option<(Value<'_>, &str)> {
    let s = trim(s);
    let rest = skip(s, MAX_DEPTH)?;
    Some((Value(&s[..s.len() - rest.len()]), trim(rest)))
}

fn past_comma(rest: &str) -> &str {
    rest.strip_prefix(',').unwrap_or(rest)
}

pub struct Items<'a>(&'a str);

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;
    fn next(&mut self) -> Option<Value<'a>> {
        let (v, rest) = cut(self.0)?;
        self.0 = past_comma(rest);
        Some(v)
    }
}

pub struct Members<'a>(&'a str);

impl<'a> Iterator for Members<'a> {
    /// The name as it stands between its quotes, and the value.
    type Item = (&'a str, Value<'a>);
    fn next(&mut self) -> Option<Self::Item> {
        let (k, rest) = cut(self.0)?;
        let (v, rest) = cut(rest.strip_prefix(':')?)?;
        self.0 = past_comma(rest);
        Some((k.0.strip_prefix('"')?.strip_suffix('"')?, v))
    }
}

/// Writes JSON; commas come by themselves.
#[derive(Default, Clone)]
pub struct Writer {
    pub out: String,
    comma: bool,
}

impl Writer {
    fn before(&mut self) {
        if self.comma {
            self.out.push(',');
        }
        self.comma = true;
    }

    /// The name of the member that comes next.
    pub fn name(&mut self, name: &str) -> &mut Self {
        self.text(name);
        self.out.push(':');
        self.comma = false;
        self
    }

    /// An object with what f writes.
    pub fn object(&mut self, f: impl FnOnce(&mut Self)) -> &mut Self {
        self.around('{', '}', f)
    }

    pub fn array(&mut self, f: impl FnOnce(&mut Self)) -> &mut Self {
        self.around('[', ']', f)
    }

    fn around(&mut self, open: char, close: char, f: impl FnOnce(&mut Self)) -> &mut Self {
        self.before();
        self.out.push(open);
        self.comma = false;
        f(self);
        self.out.push(close);
        self.comma = true;
        self
    }

    /// What is JSON already.
    pub fn raw(&mut self, json: &str) -> &mut Self {
        self.before();
        self.out.push_str(json);
        self
    }

    pub fn bool(&mut self, b: bool) -> &mut Self {
        self.raw(if b { "true" } else { "false" })
    }

    pub fn text(&mut self, s: &str) -> &mut Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        self.before();
        self.out.push('"');
        for c in s.chars() {
            match c {
                '"' | '\\' => self.out.extend(['\\', c]),
                '\u{0}'..='\u{1f}' => {
                    self.out.push_str("\\u00");
                    self.out.push(HEX[c as usize >> 4] as char);
                    self.out.push(HEX[c as usize & 15] as char);
                }
                _ => self.out.push(c),
            }
        }
        self.out.push('"');
        self
    }

    pub fn integer(&mut self, n: i64) -> &mut Self {
        self.before();
        self.digits(n < 0, n.unsigned_abs());
        self
    }

    fn digits(&mut self, minus: bool, mut n: u64) {
        let mut buf = [0u8; 20];
        let mut i = buf.len();
        loop {
            i -= 1;
            buf[i] = b'0' + (n % 10) as u8;
            n /= 10;
            if n == 0 {
                break;
            }
        }
        if minus {
            self.out.push('-');
        }
        self.out.extend(buf[i..].iter().map(|&b| b as char));
    }

    /// A number with six decimals, which is what a scene needs; the standard
    /// library's exact printing would make a module 10 KB larger. What is not finite,
    /// or beyond a billion, is the nearest that can be written.
    pub fn number(&mut self, x: f32) -> &mut Self {
        self.before();
        let x = if x.is_nan() { 0.0 } else { (x as f64).clamp(-1e9, 1e9) };
        let n = (x.abs() * 1e6 + 0.5) as u64;
        self.digits(x < 0.0 && n > 0, n / 1_000_000);
        let mut fraction = n % 1_000_000;
        if fraction > 0 {
            self.out.push('.');
            let mut unit = 100_000;
            while fraction > 0 {
                self.out.push((b'0' + (fraction / unit) as u8) as char);
                fraction %= unit;
                unit /= 10;
            }
        }
        self
    }

    pub fn numbers(&mut self, xs: &[f32]) -> &mut Self {
        self.array(|w| {
            for &x in xs {
                w.number(x);
            }
        })
    }

    /// Bytes in base64.
    pub fn bytes(&mut self, data: &[u8]) -> &mut Self {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        self.before();
        self.out.reserve(data.len() / 3 * 4 + 6);
        self.out.push('"');
        for c in data.chunks(3) {
            let n = (c[0] as u32) << 16 | (*c.get(1).unwrap_or(&0) as u32) << 8 | *c.get(2).unwrap_or(&0) as u32;
            for i in 0..4 {
                let digit = ALPHABET[(n >> (18 - 6 * i)) as usize & 63] as char;
                self.out.push(if i > c.len() { '=' } else { digit });
            }
        }
        self.out.push('"');
        self
    }

    /// The id of a lump.
    pub fn lump(&mut self, id: &[u8; 32]) -> &mut Self {
        self.array(|w| {
            for &b in id {
                w.integer(b as i64);
            }
        })
    }
}

/// The text of an object with what f writes.
pub fn object(f: impl FnOnce(&mut Writer)) -> String {
    let mut w = Writer::default();
    w.object(f);
    w.out
}

/// An enum with a value: {"Name":{...}}.
pub fn tagged(name: &str, f: impl FnOnce(&mut Writer)) -> String {
    object(|w| {
        w.name(name).object(f);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads() {
        let v = parse(br#" {"a":[1,-2.5e1,"x\n\ud83d\ude00"],"b":{"c":null},"t":true} "#).unwrap();
        let a: Vec<_> = v.get("a").unwrap().items().collect();
        assert_eq!(a[1].number(), Some(-25.0));
        assert_eq!(a[2].text().unwrap(), "x\n\u{1f600}");
        assert!(v.get("b").unwrap().get("c").unwrap().is_null());
        assert_eq!(v.get("t").unwrap().bool(), Some(true));
        assert_eq!(parse(br#"{"Put":{"n":1}}"#).unwrap().tag().unwrap().0, "Put");
        assert!(parse(b"\"List\"").unwrap().tag().unwrap() .1.is_none());
        assert_eq!(parse(b"[1,2,3]").unwrap().numbers::<3>(), Some([1.0, 2.0, 3.0]));
        assert_eq!(parse(b"[1,2,3]").unwrap().numbers::<2>(), None);
        assert_eq!(parse(b"[]").unwrap().items().count(), 0);
    }

    #[test]
    fn refuses() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        for bad in ["", "{", "[1,]", "{\"a\"}", "{\"a\":}", "01", "1.", "-", "\"", "\"\\x\"", "\"\\u12\"", "nul", "1 2", "{a:1}", &deep] {
            assert!(parse(bad.as_bytes()).is_none(), "{}", bad);
        }
        assert!(parse(b"\xff").is_none());
    }

    #[test]
    fn writes() {
        let s = tagged("Add", |w| {
            w.name("v").numbers(&[1.0, -0.5, 0.1234567, f32::NAN, -1e-9]);
            w.name("b").bytes(b"hello").name("t").text("a\"\u{1}");
            w.name("l").array(|w| {
                w.bool(true).integer(-7).raw("null");
            });
        });
        assert_eq!(s, r#"{"Add":{"v":[1,-0.5,0.123457,0,0],"b":"aGVsbG8=","t":"a\"\u0001","l":[true,-7,null]}}"#);
        assert!(parse(s.as_bytes()).is_some());
    }
}
