//! A transform that imports the network: refused before any of its code runs. The interface `network` is complete here,
//! because the linker merges it with the one of wasi-libc.

wit_bindgen::generate!({
    path: "../../../../wit",
    inline: "
        package hostile:network;
        world online {
            include wmshost:plugin/transform@0.1.0;
            import wasi:sockets/instance-network@0.2.0;
        }
        package wasi:sockets@0.2.0 {
            interface network {
                resource network;
                enum error-code {
                    unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict,
                    not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use,
                    remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large,
                    name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
                }
                enum ip-address-family { ipv4, ipv6 }
                type ipv4-address = tuple<u8, u8, u8, u8>;
                type ipv6-address = tuple<u16, u16, u16, u16, u16, u16, u16, u16>;
                variant ip-address { ipv4(ipv4-address), ipv6(ipv6-address) }
                record ipv4-socket-address { port: u16, address: ipv4-address }
                record ipv6-socket-address { port: u16, flow-info: u32, address: ipv6-address, scope-id: u32 }
                variant ip-socket-address { ipv4(ipv4-socket-address), ipv6(ipv6-socket-address) }
            }
            interface instance-network {
                use network.{network};
                instance-network: func() -> network;
            }
        }
    ",
    world: "hostile:network/online",
    generate_all,
});

use exports::wmshost::plugin::about::{Description, Guest as About};
use exports::wmshost::plugin::transformation::Guest as Transformation;
use wmshost::plugin::batches::Batch;
use wmshost::plugin::types::{Column, Failure};

struct Plugin;

impl About for Plugin {
    fn describe() -> Description {
        Description {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: env!("CARGO_PKG_DESCRIPTION").into(),
            settings: Vec::new(),
        }
    }
}

impl Transformation for Plugin {
    fn output_schema(input: Vec<Column>) -> Result<Vec<Column>, Failure> {
        Ok(input)
    }

    fn keeps_state() -> bool {
        false
    }

    fn process(_: &Batch) -> Result<(), Failure> {
        drop(wasi::sockets::instance_network::instance_network());
        Ok(())
    }
}

export!(Plugin);
