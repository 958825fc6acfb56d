//! Models on a real database, through the ports only.

mod building;
mod checking;
mod following;
mod proving;
mod selecting;
mod testing;
mod warehouse;
