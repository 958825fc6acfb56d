//! The work of a plugin's author, in a folder outside of this repository: a project from nothing to a certified component in
//! a running pipeline; the clauses of certification, each broken by a component; and what runs record of plugins.

mod clauses;
mod guide;
mod mistakes;
mod recordings;
