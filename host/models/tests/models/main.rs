//! Models on a real database, through the ports only.

mod building;
mod checking;
mod following;
mod former;
mod histories;
mod oracle;
mod proving;
mod selecting;
mod speed;
mod testing;
mod warehouse;
