//! Serves calls of one Rust function as data: frames of JSON on descriptors 3 and 4.
//! The types are those of the function itself; what does not fit them is a TypeError of the call.

use std::collections::*;
use std::fmt::Write as _;
use std::fs::File;
use std::hash::Hash;
use std::io::{Read, Write};
use std::os::unix::io::FromRawFd;
use std::panic::{catch_unwind, AssertUnwindSafe};

const DEPTH: usize = 100;
const FRAME: usize = 16 << 20;
const NODES: usize = 1_000_000;

pub struct Misfit(&'static str);
type Got<T> = Result<T, Misfit>;

// ---- JSON ---------------------------------------------------------------------------------

pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn field(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.iter().find(|pair| pair.0 == name).map(|pair| &pair.1),
            _ => None,
        }
    }
    /// The inner value of an object that is one tag.
    fn tag(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) if fields.len() == 1 && fields[0].0 == name => Some(&fields[0].1),
            _ => None,
        }
    }
    fn items(&self) -> Got<&[Json]> {
        let tags = ["$tuple", "$set", "$frozenset", "$deque"];
        let inner = tags.iter().find_map(|name| self.tag(name)).unwrap_or(self);
        match inner {
            Json::List(items) => Ok(items),
            _ => Err(Misfit("a list is expected")),
        }
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    nodes: usize,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> u8 {
        while self.at < self.text.len() && b" \n\t\r".contains(&self.text[self.at]) {
            self.at += 1;
        }
        *self.text.get(self.at).unwrap_or(&0)
    }
    fn next(&mut self) -> Got<u8> {
        self.at += 1;
        self.text.get(self.at - 1).copied().ok_or(Misfit("cut"))
    }
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += found as usize;
        found
    }
    fn expect(&mut self, byte: u8) -> Got<()> {
        if self.take(byte) { Ok(()) } else { Err(Misfit("malformed")) }
    }
    fn word(&mut self, rest: &str, value: Json) -> Got<Json> {
        for byte in rest.bytes() {
            if self.next()? != byte {
                return Err(Misfit("malformed"));
            }
        }
        Ok(value)
    }
    fn value(&mut self, depth: usize) -> Got<Json> {
        self.nodes += 1;
        if depth > DEPTH || self.nodes > NODES {
            return Err(Misfit("too deep or too large"));
        }
        match self.peek() {
            b'n' => self.word("null", Json::Null),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'"' => Ok(Json::Text(self.text()?)),
            b'[' => self.list(depth),
            b'{' => self.object(depth),
            b'-' | b'0'..=b'9' => Ok(Json::Number(self.number())),
            _ => Err(Misfit("malformed")),
        }
    }
    fn number(&mut self) -> String {
        let start = self.at;
        while self.at < self.text.len() && b"+-.eE0123456789".contains(&self.text[self.at]) {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.text[start..self.at]).into_owned()
    }
    fn list(&mut self, depth: usize) -> Got<Json> {
        self.expect(b'[')?;
        let mut made = Vec::new();
        if !self.take(b']') {
            loop {
                made.push(self.value(depth + 1)?);
                if !self.take(b',') {
                    break;
                }
            }
            self.expect(b']')?;
        }
        Ok(Json::List(made))
    }
    fn object(&mut self, depth: usize) -> Got<Json> {
        self.expect(b'{')?;
        let mut made = Vec::new();
        if !self.take(b'}') {
            loop {
                self.peek();
                let name = self.text()?;
                self.expect(b':')?;
                made.push((name, self.value(depth + 1)?));
                if !self.take(b',') {
                    break;
                }
            }
            self.expect(b'}')?;
        }
        Ok(Json::Object(made))
    }
    fn text(&mut self) -> Got<String> {
        self.expect(b'"')?;
        let mut made = Vec::new();
        loop {
            match self.next()? {
                b'"' => break,
                b'\\' => match self.next()? {
                    b'n' => made.push(b'\n'),
                    b't' => made.push(b'\t'),
                    b'r' => made.push(b'\r'),
                    b'b' => made.push(8),
                    b'f' => made.push(12),
                    b'u' => made.extend(self.escaped()?.to_string().bytes()),
                    other => made.push(other),
                },
                other => made.push(other),
            }
        }
        String::from_utf8(made).map_err(|_| Misfit("not UTF-8"))
    }
    fn hex4(&mut self) -> Got<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = (self.next()? as char).to_digit(16).ok_or(Misfit("malformed"))?;
            code = code * 16 + digit;
        }
        Ok(code)
    }
    fn escaped(&mut self) -> Got<char> {
        let mut code = self.hex4()?;
        if (0xD800..0xDC00).contains(&code) {
            self.word("\\u", Json::Null)?;
            code = 0x10000 + ((code - 0xD800) << 10) + self.hex4()?.wrapping_sub(0xDC00);
        }
        char::from_u32(code).ok_or(Misfit("malformed"))
    }
}

pub struct Writer {
    out: String,
    nodes: usize,
}

impl Writer {
    fn new(start: String) -> Writer {
        Writer { out: start, nodes: 0 }
    }
    fn enter(&mut self, depth: usize) -> Got<()> {
        self.nodes += 1;
        if depth > DEPTH || self.nodes > NODES || self.out.len() > FRAME {
            return Err(Misfit("too deep or too large"));
        }
        Ok(())
    }
    fn text(&mut self, value: &str) {
        self.out.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                c if c < ' ' => {
                    let _ = write!(self.out, "\\u{:04x}", c as u32);
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }
    fn items<'a, T: ToWire + 'a>(
        &mut self,
        open: &str,
        values: impl Iterator<Item = &'a T>,
        close: &str,
        depth: usize,
    ) -> Got<()> {
        self.enter(depth)?;
        self.out.push_str(open);
        for (number, value) in values.enumerate() {
            if number > 0 {
                self.out.push(',');
            }
            value.put(self, depth + 1)?;
        }
        self.out.push_str(close);
        Ok(())
    }
    fn pairs<'a, K: ToWire + 'a, V: ToWire + 'a>(
        &mut self,
        values: impl Iterator<Item = (&'a K, &'a V)>,
        depth: usize,
    ) -> Got<()> {
        self.enter(depth)?;
        self.out.push_str("{\"$dict\":[");
        for (number, (key, value)) in values.enumerate() {
            self.out.push_str(if number > 0 { ",[" } else { "[" });
            key.put(self, depth + 1)?;
            self.out.push(',');
            value.put(self, depth + 1)?;
            self.out.push(']');
        }
        self.out.push_str("]}");
        Ok(())
    }
}
