//! Scripted transforms.
