//! Models on a real database, through the ports only.

mod building;
mod checking;
mod following;
mod former;
mod histories;
mod oracle;
mod owning;
mod proving;
mod selecting;
mod speed;
mod testing;
mod typed;
mod warehouse;
