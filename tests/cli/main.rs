//! The commands that people and scripts type, and their output.

mod alert_causes;
mod alerts;
mod backup;
mod bad_input;
mod clean;
mod dashboard;
mod doctor;
mod explain;
mod history;
mod import_meltano;
mod import_meltano_state;
mod init;
mod installed;
mod json_schema;
mod plugins;
mod public_databases;
mod receipts;
mod schemas;
mod serve;
mod shapes;
mod singer;
mod singer_losses;
mod singer_tap;
mod status;
mod tap;
mod web;
