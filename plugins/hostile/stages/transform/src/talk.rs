//! Behaviours that flood output and log.

use std::io::{Read as _, Write as _};

use crate::wmshost::plugin::batches::Batch;
use crate::wmshost::plugin::log::{self, Level};
use crate::{Done, got_out};

const LINE: &str = "All work and no play makes Jack a dull boy, as he says again and again ......\n";

fn flood(mut out: impl std::io::Write) -> Done {
    for _ in 0..(10 << 20) / LINE.len() {
        out.write_all(LINE.as_bytes()).map_err(got_out)?;
    }
    out.flush().map_err(got_out)
}

fn flood_log() -> Done {
    log::write(Level::Warn, &"x".repeat(1 << 20));
    for n in 0..20_000 {
        log::write(Level::Info, &format!("message {n}"));
    }
    Ok(())
}

fn read_input() -> Done {
    let mut found = Vec::new();
    match std::io::stdin().read_to_end(&mut found) {
        Ok(0) | Err(_) => Ok(()),
        Ok(_) => Err(got_out(found)),
    }
}

pub(crate) fn misbehave(behaviour: &str, _: &Batch) -> Option<Done> {
    Some(match behaviour {
        "stdout" => flood(std::io::BufWriter::new(std::io::stdout())),
        "stderr" => flood(std::io::BufWriter::new(std::io::stderr())),
        "stdin" => read_input(),
        "log" => flood_log(),
        "print-then-trap" => {
            let _ = std::io::stderr().write_all(b"\x1b[31mred\x1b[0m\n");
            std::process::abort()
        }
        _ => return None,
    })
}
