//! The commands that people and scripts type, and their output.

mod bad_input;
mod shapes;
