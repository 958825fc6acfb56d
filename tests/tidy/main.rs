//! What the code must keep, looked at as text.
