//! What people and scripts type, and what they are reported.

mod bad_input;
mod shapes;
