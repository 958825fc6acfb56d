//! `wmshost receipt`: shows receipts of runs, and checks them without a database.

use wmshost_runtime::Result;
use wmshost_runtime::receipts;
use wmshost_runtime::signature::public_key;

use crate::cli::ReceiptCommand;
use crate::exit::Exit;
use crate::report;

pub(super) fn receipt(command: &ReceiptCommand) -> Result<Exit> {
    match command {
        ReceiptCommand::Show { file, output } => {
            report::set_output(output.output);
            let (receipt, _) = receipts::read(file)?;
            report::receipt::show(&receipt, output.output)?;
            Ok(Exit::Success)
        }
        ReceiptCommand::Check { files, keys, output } => {
            report::set_output(output.output);
            let keys = keys.iter().map(|key| public_key(key)).collect::<Result<Vec<_>>>()?;
            let checked = files.iter().map(|file| Ok((file.as_path(), receipts::check(file, &keys)?)));
            let checked = checked.collect::<Result<Vec<_>>>()?;
            report::receipt::check(&checked, output.output)?;
            let is_in_order = checked.iter().all(|(_, checked)| checked.is_in_order());
            Ok(if is_in_order { Exit::Success } else { Exit::Failed })
        }
    }
}
