//! Models on a real database, through the ports only.

mod before_images;
mod building;
mod checking;
mod following;
mod histories;
mod oracle;
mod owning;
mod proving;
mod records;
mod selecting;
mod speed;
mod testing;
mod typed;
mod warehouse;
