//! The main job with the production pipeline, from one Oracle server to another: the emulator takes both places. The
//! same job from SQLite to SQLite is the reference: both must end with the same rows, in the tables of the streams and
//! in the models.

mod job;
mod large;
mod models;
mod names;
mod rows;
mod sample;
mod schema;
mod singer;
mod warehouse;
