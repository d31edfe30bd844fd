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

// ---- values -------------------------------------------------------------------------------

pub trait FromWire: Sized {
    fn read(json: &Json) -> Got<Self>;
}
pub trait ToWire {
    fn put(&self, w: &mut Writer, depth: usize) -> Got<()>;
}

macro_rules! integers {
    ($($kind:ty)*) => {$(
        impl FromWire for $kind {
            fn read(json: &Json) -> Got<Self> {
                let bad = |_| Misfit("an integer is expected or out of range");
                if let Json::Number(digits) = json {
                    return digits.parse().map_err(bad);
                }
                let text = match json.tag("$int") {
                    Some(Json::Text(text)) => text.replacen("0x", "", 1),
                    _ => return Err(Misfit("an integer is expected")),
                };
                <$kind>::from_str_radix(&text, 16).map_err(bad)
            }
        }
        impl ToWire for $kind {
            fn put(&self, w: &mut Writer, _: usize) -> Got<()> {
                let digits = self.to_string();
                let _ = if digits.len() > 18 {
                    write!(w.out, "{{\"$int\":\"{}\"}}", digits)
                } else {
                    write!(w.out, "{}", digits)
                };
                Ok(())
            }
        }
    )*};
}
integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

macro_rules! floats {
    ($($kind:ty)*) => {$(
        impl FromWire for $kind {
            fn read(json: &Json) -> Got<Self> {
                match (json, json.tag("$float")) {
                    (Json::Number(text), _) | (_, Some(Json::Text(text))) => text
                        .parse::<f64>()
                        .map(|wide| wide as $kind)
                        .map_err(|_| Misfit("a number is expected")),
                    _ => Err(Misfit("a number is expected")),
                }
            }
        }
        impl ToWire for $kind {
            fn put(&self, w: &mut Writer, _: usize) -> Got<()> {
                let wide = *self as f64;
                let _ = if wide.is_finite() {
                    write!(w.out, "{:?}", wide)
                } else if wide.is_nan() {
                    write!(w.out, "{{\"$float\":\"nan\"}}")
                } else {
                    write!(w.out, "{{\"$float\":\"{}\"}}", if wide > 0.0 { "inf" } else { "-inf" })
                };
                Ok(())
            }
        }
    )*};
}
floats!(f32 f64);

impl FromWire for bool {
    fn read(json: &Json) -> Got<Self> {
        match json {
            Json::Bool(value) => Ok(*value),
            _ => Err(Misfit("a bool is expected")),
        }
    }
}
impl ToWire for bool {
    fn put(&self, w: &mut Writer, _: usize) -> Got<()> {
        w.out.push_str(if *self { "true" } else { "false" });
        Ok(())
    }
}
impl FromWire for () {
    fn read(json: &Json) -> Got<Self> {
        match json {
            Json::Null => Ok(()),
            _ => Err(Misfit("null is expected")),
        }
    }
}
impl ToWire for () {
    fn put(&self, w: &mut Writer, _: usize) -> Got<()> {
        w.out.push_str("null");
        Ok(())
    }
}
impl FromWire for String {
    fn read(json: &Json) -> Got<Self> {
        match json {
            Json::Text(text) => Ok(text.clone()),
            _ => Err(Misfit("a string is expected")),
        }
    }
}
impl ToWire for String {
    fn put(&self, w: &mut Writer, _: usize) -> Got<()> {
        w.text(self);
        Ok(())
    }
}
impl ToWire for str {
    fn put(&self, w: &mut Writer, _: usize) -> Got<()> {
        w.text(self);
        Ok(())
    }
}
impl FromWire for char {
    fn read(json: &Json) -> Got<Self> {
        let text = String::read(json)?;
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Misfit("a char is expected")),
        }
    }
}
impl ToWire for char {
    fn put(&self, w: &mut Writer, _: usize) -> Got<()> {
        w.text(&self.to_string());
        Ok(())
    }
}

// A borrowed argument lives as long as the process: one call at a time, small and few.
impl FromWire for &'static str {
    fn read(json: &Json) -> Got<Self> {
        Ok(Box::leak(String::read(json)?.into_boxed_str()))
    }
}
impl<T: FromWire> FromWire for &'static [T] {
    fn read(json: &Json) -> Got<Self> {
        Ok(Box::leak(Vec::<T>::read(json)?.into_boxed_slice()))
    }
}
impl<T: FromWire> FromWire for &'static mut [T] {
    fn read(json: &Json) -> Got<Self> {
        Ok(Box::leak(Vec::<T>::read(json)?.into_boxed_slice()))
    }
}
macro_rules! borrowed {
    ($($owned:ty),*; $([$($bound:tt)*] $generic:ty),*) => {
        $(impl FromWire for &'static $owned {
            fn read(json: &Json) -> Got<Self> { Ok(Box::leak(Box::new(<$owned>::read(json)?))) }
        })*
        $(impl<$($bound)*> FromWire for &'static $generic {
            fn read(json: &Json) -> Got<Self> { Ok(Box::leak(Box::new(<$generic>::read(json)?))) }
        }
        impl<$($bound)*> FromWire for &'static mut $generic {
            fn read(json: &Json) -> Got<Self> { Ok(Box::leak(Box::new(<$generic>::read(json)?))) }
        })*
    };
}
borrowed!(String, i32, i64, isize, u32, u64, usize, f64, bool, char;
    [T: FromWire] Vec<T>,
    [K: FromWire + Eq + Hash, V: FromWire] HashMap<K, V>,
    [K: FromWire + Ord, V: FromWire] BTreeMap<K, V>,
    [T: FromWire + Eq + Hash] HashSet<T>,
    [T: FromWire + Ord] BTreeSet<T>);

impl<T: ToWire + ?Sized> ToWire for &T {
    fn put(&self, w: &mut Writer, depth: usize) -> Got<()> {
        (**self).put(w, depth)
    }
}
impl<T: ToWire + ?Sized> ToWire for Box<T> {
    fn put(&self, w: &mut Writer, depth: usize) -> Got<()> {
        (**self).put(w, depth)
    }
}
impl<T: FromWire> FromWire for Box<T> {
    fn read(json: &Json) -> Got<Self> {
        T::read(json).map(Box::new)
    }
}
impl<T: FromWire> FromWire for Option<T> {
    fn read(json: &Json) -> Got<Self> {
        match json {
            Json::Null => Ok(None),
            other => T::read(other).map(Some),
        }
    }
}
impl<T: ToWire> ToWire for Option<T> {
    fn put(&self, w: &mut Writer, depth: usize) -> Got<()> {
        match self {
            Some(value) => value.put(w, depth),
            None => ().put(w, depth),
        }
    }
}
/// An `Err` is what an exception is elsewhere: no answer.
impl<T: ToWire, E> ToWire for Result<T, E> {
    fn put(&self, w: &mut Writer, depth: usize) -> Got<()> {
        match self {
            Ok(value) => value.put(w, depth),
            Err(_) => Err(Misfit("the function returned Err")),
        }
    }
}

impl<T: ToWire> ToWire for [T] {
    fn put(&self, w: &mut Writer, depth: usize) -> Got<()> {
        w.items("[", self.iter(), "]", depth)
    }
}
impl<T: FromWire, const N: usize> FromWire for [T; N] {
    fn read(json: &Json) -> Got<Self> {
        Vec::<T>::read(json)?.try_into().map_err(|_| Misfit("another length is expected"))
    }
}
impl<T: ToWire, const N: usize> ToWire for [T; N] {
    fn put(&self, w: &mut Writer, depth: usize) -> Got<()> {
        w.items("[", self.iter(), "]", depth)
    }
}
macro_rules! sequences {
    ($([$($bound:tt)*] $kind:ty, $open:expr, $close:expr;)*) => {$(
        impl<T: FromWire + $($bound)*> FromWire for $kind {
            fn read(json: &Json) -> Got<Self> { json.items()?.iter().map(T::read).collect() }
        }
        impl<T: ToWire> ToWire for $kind {
            fn put(&self, w: &mut Writer, depth: usize) -> Got<()> {
                w.items($open, self.iter(), $close, depth)
            }
        }
    )*};
}
sequences! {
    [] Vec<T>, "[", "]";
    [] VecDeque<T>, "[", "]";
    [] LinkedList<T>, "[", "]";
    [Eq + Hash] HashSet<T>, "{\"$set\":[", "]}";
    [Ord] BTreeSet<T>, "{\"$set\":[", "]}";
}

fn pairs_of<K: FromWire, V: FromWire, M: FromIterator<(K, V)>>(json: &Json) -> Got<M> {
    if let Some(pairs) = json.tag("$dict") {
        return pairs.items()?.iter().map(<(K, V)>::read).collect();
    }
    match json {
        Json::Object(fields) => fields
            .iter()
            .map(|(name, value)| Ok((K::read(&Json::Text(name.clone()))?, V::read(value)?)))
            .collect(),
        _ => Err(Misfit("a map is expected")),
    }
}
macro_rules! maps {
    ($([$($bound:tt)*] $kind:ty;)*) => {$(
        impl<K: FromWire + $($bound)*, V: FromWire> FromWire for $kind {
            fn read(json: &Json) -> Got<Self> { pairs_of::<K, V, Self>(json) }
        }
        impl<K: ToWire, V: ToWire> ToWire for $kind {
            fn put(&self, w: &mut Writer, depth: usize) -> Got<()> { w.pairs(self.iter(), depth) }
        }
    )*};
}
maps! {
    [Eq + Hash] HashMap<K, V>;
    [Ord] BTreeMap<K, V>;
}

macro_rules! tuples {
    ($($count:expr => $($name:ident $index:tt)+;)*) => {$(
        impl<$($name: FromWire),+> FromWire for ($($name,)+) {
            fn read(json: &Json) -> Got<Self> {
                let items = json.items()?;
                if items.len() != $count {
                    return Err(Misfit("another length is expected"));
                }
                Ok(($($name::read(&items[$index])?,)+))
            }
        }
        impl<$($name: ToWire),+> ToWire for ($($name,)+) {
            fn put(&self, w: &mut Writer, depth: usize) -> Got<()> {
                w.enter(depth)?;
                w.out.push_str("{\"$tuple\":[");
                $(
                    if $index > 0 {
                        w.out.push(',');
                    }
                    self.$index.put(w, depth + 1)?;
                )+
                w.out.push_str("]}");
                Ok(())
            }
        }
    )*};
}
tuples! {
    1 => A 0;
    2 => A 0 B 1;
    3 => A 0 B 1 C 2;
    4 => A 0 B 1 C 2 D 3;
    5 => A 0 B 1 C 2 D 3 E 4;
    6 => A 0 B 1 C 2 D 3 E 4 F 5;
}

// ---- frames and calls ---------------------------------------------------------------------

pub type Caller<'f> = &'f dyn Fn(&[Json], &mut Writer) -> Got<()>;

pub fn arguments(given: &[Json], count: usize) -> Got<()> {
    if given.len() == count { Ok(()) } else { Err(Misfit("another number of arguments")) }
}

fn receive(input: &mut File) -> Option<Vec<u8>> {
    let mut head = [0; 8];
    input.read_exact(&mut head).ok()?;
    let length = usize::from_str_radix(std::str::from_utf8(&head).ok()?, 16).ok()?;
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    Some(body)
}

fn send(output: &mut File, body: &str) {
    let all = format!("{:08x}{}", body.len(), body);
    if output.write_all(all.as_bytes()).is_err() {
        std::process::exit(0);
    }
}

fn answer(message: &Json, caller: Caller) -> String {
    let id = match message.field("id") {
        Some(Json::Number(id)) => id.clone(),
        _ => std::process::exit(1),
    };
    let failed = |error: &str, text: &str| {
        let mut w = Writer::new(format!("{{\"id\":{},\"error\":\"{}\",\"text\":", id, error));
        w.text(text);
        w.out + "}"
    };
    let called = catch_unwind(AssertUnwindSafe(|| {
        let mut w = Writer::new(format!("{{\"id\":{},\"ok\":", id));
        let given = message.field("args").ok_or(Misfit("no arguments"))?;
        caller(given.items()?, &mut w)?;
        w.out.push('}');
        if w.out.len() > FRAME { Err(Misfit("answer too large")) } else { Ok(w.out) }
    }));
    match called {
        Ok(Ok(reply)) => reply,
        Ok(Err(Misfit(text))) => failed("TypeError", text),
        Err(_) => failed("panic", ""),
    }
}

/// Both ends are ours only by agreement: descriptors 3 and 4 are open in this box.
pub fn serve(caller: Caller) {
    let (mut input, mut output) = unsafe { (File::from_raw_fd(3), File::from_raw_fd(4)) };
    send(&mut output, "{\"load\":\"ok\",\"error\":\"\"}");
    while let Some(body) = receive(&mut input) {
        let parsed = Parser { text: &body, at: 0, nodes: 0 }.value(0);
        match parsed {
            Ok(message) => send(&mut output, &answer(&message, caller)),
            Err(_) => std::process::exit(1),
        }
    }
}

macro_rules! callers {
    ($($name:ident $count:expr => $($kind:ident $index:tt)*;)*) => {$(
        pub fn $name<$($kind: FromWire,)* R: ToWire>(function: impl Fn($($kind),*) -> R) {
            serve(&|given: &[Json], w: &mut Writer| {
                arguments(given, $count)?;
                function($($kind::read(&given[$index])?),*).put(w, 0)
            })
        }
    )*};
}
callers! {
    serve0 0 => ;
    serve1 1 => A 0;
    serve2 2 => A 0 B 1;
    serve3 3 => A 0 B 1 C 2;
    serve4 4 => A 0 B 1 C 2 D 3;
    serve5 5 => A 0 B 1 C 2 D 3 E 4;
    serve6 6 => A 0 B 1 C 2 D 3 E 4 F 5;
    serve7 7 => A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    serve8 8 => A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
}
