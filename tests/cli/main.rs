//! What people and scripts type, and what they are reported.

mod bad_input;
mod json_schema;
mod schemas;
mod shapes;
