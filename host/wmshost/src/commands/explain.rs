//! `wmshost explain`: says what failed, where, what was committed, the likely cause, and what to do next.

use wmshost_flow::Failure;
use wmshost_runtime::history::RunRecord;
use wmshost_runtime::{Result, explain as explanations};

use super::App;
use super::runs::the_run;
use crate::cli::ExplainArgs;
use crate::exit::Exit;
use crate::report;

pub(super) fn explain(app: &App, arguments: &ExplainArgs) -> Result<Exit> {
    let output = arguments.output.output;
    let runtime = app.runtime(output);
    let pipeline = runtime.resolved(&arguments.pipeline)?;
    let is_stream = |subject: &String| pipeline.streams.iter().any(|plan| plan.name == *subject);
    let (run, findings) = match arguments.subject.as_ref().filter(|subject| !is_stream(subject)) {
        None => {
            let streams: Vec<String> = arguments.subject.iter().cloned().collect();
            (None, explanations::streams(&runtime, &pipeline, &streams)?)
        }
        Some(id) => {
            let run = the_run(&runtime.history()?, id).map_err(|failure| {
                let names: Vec<&str> = pipeline.streams.iter().map(|plan| plan.name.as_str()).collect();
                failure.and(format!("nor is it a stream of {}: {}", pipeline.name, names.join(", ")))
            })?;
            if run.pipeline != pipeline.name {
                let message =
                    format!("run {} is one of pipeline {}, not of {}", run.run_id, run.pipeline, pipeline.name);
                return Err(Failure::invalid_config(message).advise(format!("name its file: {}", run.file)).into());
            }
            let parts = runtime.run_parts(&run.run_id)?;
            // The file as it is named now: the run may have been begun in another folder.
            let run = RunRecord { file: arguments.pipeline.display().to_string(), ..run };
            let findings = explanations::run(&run, &parts);
            (Some(run), findings)
        }
    };
    report::explain::explain(&pipeline.name, run.as_ref(), &findings, output)?;
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use wmshost_runtime::explain::entries;

    use crate::cli::Cli;

    #[test]
    fn every_command_that_is_advised_is_one_of_this_program() {
        for (purpose, command) in entries().flat_map(|entry| entry.next) {
            let filled = command.replace("{file}", "a.toml").replace("{run}", "20261129").replace("{subject}", "s");
            assert!(!filled.contains('{'), "{purpose}: {command}");
            let parsed = Cli::try_parse_from(filled.split(' '));
            assert!(parsed.is_ok(), "{command}: {}", parsed.err().map(|error| error.to_string()).unwrap_or_default());
        }
    }
}
