//! What people and scripts type, and what they are told.
