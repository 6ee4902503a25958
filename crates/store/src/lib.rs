//! The store: everything Assay remembers, in SQLite or PostgreSQL, behind one type.
#![forbid(unsafe_code)]

mod types;

pub use types::{
    Change, LookupBy, LookupHit, LookupKeys, NewIntrospection, ProcessingOutcome, StoreConfig,
};
