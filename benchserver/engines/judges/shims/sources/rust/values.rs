// Values, both ways; continues json.rs.

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
