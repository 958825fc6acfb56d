//! The mock by hand: starts it, prints its addresses, and runs until its standard input ends.

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use wmshost_sample::Moment;
use wmshost_wms_cloud_mock::{CLIENT_ID, CLIENT_SECRET, Mock, Options, PASSWORD, Quirk, USER};

const EXAMPLES: &str = "\
Examples:
  cargo run --release -p wmshost-wms-cloud-mock -- --listen 127.0.0.1:8080 --allocations 20000
  cargo run --release -p wmshost-wms-cloud-mock -- --quirk Q6 --quirk Q9 --quirk moving
  cargo run --release -p wmshost-wms-cloud-mock -- --tls --authority ca.pem --control

With --control, a server without credentials changes the mock:
  curl -X POST 'http://127.0.0.1:PORT/changes?percent=1'
  curl http://127.0.0.1:PORT/truth/allocation";

/// A mock of Oracle WMS Cloud's REST API: for tests and for trying out. Its data is made up.
#[derive(Debug, Parser)]
#[command(after_help = EXAMPLES)]
struct Arguments {
    /// The address of the API; port 0 is a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The seed of the data.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of allocations; the other entities follow from it.
    #[arg(long, default_value_t = 2_000)]
    allocations: u64,
    /// The end of the data by the warehouse's clocks, at which the server's clock begins.
    #[arg(long, default_value = "2026-06-30 18:00:00")]
    until: Moment,
    /// The environment, a part of every path.
    #[arg(long, default_value = "dev")]
    environment: String,
    /// A quirk by number or name; may be given more than once.
    #[arg(long = "quirk", value_name = "QUIRK")]
    quirks: Vec<Quirk>,
    /// Print all quirks and end.
    #[arg(long)]
    list_quirks: bool,
    /// Every request of this number meets a fault, under quirks that are faults; 1: all of them.
    #[arg(long, default_value_t = 7)]
    fault_every: u64,
    /// The life of a token, in seconds.
    #[arg(long, default_value_t = 3_600)]
    token_life: u64,
    /// HTTPS, with a certificate of a new authority.
    #[arg(long)]
    tls: bool,
    /// The file to write the authority's certificate to.
    #[arg(long, requires = "tls")]
    authority: Option<PathBuf>,
    /// A server without credentials that changes the mock.
    #[arg(long)]
    control: bool,
}

#[expect(clippy::print_stdout, reason = "this is the edge")]
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.list_quirks {
        for quirk in Quirk::all() {
            println!("Q{:<3} {:<20} {}", quirk.number(), quirk.name(), quirk.summary());
        }
        return Ok(());
    }
    let options = Options {
        seed: arguments.seed,
        allocations: arguments.allocations,
        until: arguments.until,
        quirks: arguments.quirks.into_iter().collect(),
        listen: arguments.listen,
        tls: arguments.tls,
        environment: arguments.environment,
        fault_every: arguments.fault_every,
        token_life: Duration::from_secs(arguments.token_life),
        control: arguments.control,
        ..Options::default()
    };
    let mock = Mock::start(&options)?;
    if let (Some(file), Some(pem)) = (&arguments.authority, mock.authority_pem()) {
        std::fs::write(file, pem).with_context(|| format!("writing {}", file.display()))?;
    }
    println!("url: {}", mock.host_url());
    println!("environment: {}", options.environment);
    println!("token url: {}", mock.token_url());
    println!("user: {USER}, password: {PASSWORD}");
    println!("client: {CLIENT_ID}, secret: {CLIENT_SECRET}");
    if let Some(control) = mock.control_url() {
        println!("control: {control}");
    }
    println!("runs until its standard input ends");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
