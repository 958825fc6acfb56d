//! The commands that people and scripts type, and their output.

mod bad_input;
mod history;
mod json_schema;
mod plugins;
mod schemas;
mod shapes;
