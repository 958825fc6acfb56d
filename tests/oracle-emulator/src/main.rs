//! The emulator by hand: starts it, prints the addresses, and runs until its standard input ends.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use wmshost_oracle_emulator::{Account, Emulator, Options, Release, Transport};

/// An emulator of an Oracle server, on PostgreSQL: for tests and for trying out, never for data that matters.
#[derive(Debug, Parser)]
struct Arguments {
    /// The service name.
    #[arg(long, default_value = "STANDIN")]
    service: String,
    /// The system identifier.
    #[arg(long, default_value = "ORCL")]
    sid: String,
    /// An account as NAME/PASSWORD; may be given more than once. WMS/wms and MART/mart always exist.
    #[arg(long, value_name = "NAME/PASSWORD")]
    account: Vec<String>,
    /// The first of four ports on loopback: 19c TCP and TCPS, 23ai TCP and TCPS. Free ones if left out.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Print on standard error what clients sent and the emulator did not understand.
    #[arg(long)]
    verbose: bool,
}

/// The interval between two looks for notes.
const LOOK: Duration = Duration::from_millis(200);

/// Prints the notes as they come, until the end.
#[expect(clippy::print_stderr, reason = "this is the edge")]
fn print_notes(emulator: &Emulator, is_over: &AtomicBool) {
    let mut printed = 0;
    while !is_over.load(Ordering::Relaxed) {
        for note in emulator.notes().iter().skip(printed) {
            eprintln!("{note}");
            printed += 1;
        }
        thread::sleep(LOOK);
    }
}

#[expect(clippy::print_stdout, reason = "this is the edge")]
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut options = Options::default().service(&arguments.service).sid(&arguments.sid).first_port(arguments.port);
    for account in &arguments.account {
        let (name, password) = account.split_once('/').unwrap_or((account, account));
        options = options.account(Account::new(name, password));
    }
    let emulator = Emulator::start(options)?;
    for release in Release::ALL {
        for transport in Transport::ALL {
            println!("{release:?} {transport:?}: {}", emulator.address(release, transport));
        }
    }
    println!("wallet for TCPS: {}", emulator.wallet().display());
    println!("runs until its standard input ends");
    let is_over = AtomicBool::new(false);
    let ended = thread::scope(|scope| {
        if arguments.verbose {
            scope.spawn(|| print_notes(&emulator, &is_over));
        }
        let ended = std::io::stdin().read_to_end(&mut Vec::new());
        is_over.store(true, Ordering::Relaxed);
        ended
    });
    ended?;
    Ok(())
}
