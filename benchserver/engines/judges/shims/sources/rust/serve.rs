// Frames and calls; continues values.rs.

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
