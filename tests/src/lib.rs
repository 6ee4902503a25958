//! The harness of the tests over the front door: starts the real server, machines and clients.
#![forbid(unsafe_code)]
