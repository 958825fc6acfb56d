//! What people and scripts type, and what they are told.

mod bad_input;
mod shapes;
