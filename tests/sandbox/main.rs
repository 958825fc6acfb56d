//! Hostile guests.
