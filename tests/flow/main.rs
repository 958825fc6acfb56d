//! The main job and its guarantees, through the real program on real files.

mod appends;
mod bad_rows;
mod clock;
mod columns;
mod compare;
mod definitions;
mod deletes;
mod drift;
mod guests;
mod keyless;
mod late;
mod leases;
mod main_job;
mod owners;
mod quarantine;
mod repairs;
mod replays;
mod reruns;
mod state;
mod target_tables;
mod verify;
