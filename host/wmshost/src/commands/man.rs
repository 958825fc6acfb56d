//! `wmshost man`: the manual pages, made of the command line.

use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::Man;
use wmshost_flow::Failure;
use wmshost_runtime::Result;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::report;

pub(super) fn man(folder: Option<&Path>) -> Result<Exit> {
    let written = match folder {
        Some(folder) => clap_mangen::generate_to(Cli::command(), folder),
        None => page(),
    };
    written.map_err(|error| {
        let place = folder.map_or_else(|| "the manual page".into(), |folder| folder.display().to_string());
        Failure::invalid_config(format!("{place} cannot be written: {error}"))
    })?;
    Ok(Exit::Success)
}

/// Prints the page of the program itself.
fn page() -> std::io::Result<()> {
    let mut text = Vec::new();
    Man::new(Cli::command()).render(&mut text)?;
    report::print_part(&String::from_utf8_lossy(&text));
    Ok(())
}
