//! Oracle as source and as target, by the stand-in.
