//! The two kernel interfaces for which rustix has no safe wrapper: IPMI's
//! ioctls and addresses of packet sockets. Nothing else may be unsafe.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::marker::PhantomData;
use std::os::fd::AsFd;

use rustix::io;
use rustix::ioctl::{self, Ioctl, IoctlOutput, Opcode, opcode};
use rustix::net::addr::{SocketAddrArg, SocketAddrLen, SocketAddrOpaque};

/// `struct sockaddr_ll` of packet(7).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct PacketAddress {
    family: u16,
    protocol_be: u16,
    index: u32,
    hardware_type: u16,
    packet_type: u8,
    length: u8,
    address: [u8; 8],
}

const PACKET_ADDRESS_LENGTH: SocketAddrLen = 20;
const _: () = assert!(size_of::<PacketAddress>() == 20);

impl PacketAddress {
    /// Frames of this EtherType on the interface of this index; when sending,
    /// to this station.
    pub(crate) fn new(ether_type: u16, index: u32, station: [u8; 6]) -> Self {
        let mut address = [0; 8];
        address[..6].copy_from_slice(&station);
        Self {
            family: 17,
            protocol_be: ether_type.to_be(),
            index,
            hardware_type: 0,
            packet_type: 0,
            length: 6,
            address,
        }
    }
}

// SAFETY: the pointer is to `self`, which is a whole `sockaddr_ll` (C layout,
// no padding, every byte initialised) and outlives the call of `f`.
unsafe impl SocketAddrArg for PacketAddress {
    unsafe fn with_sockaddr<R>(
        &self,
        f: impl FnOnce(*const SocketAddrOpaque, SocketAddrLen) -> R,
    ) -> R {
        f(std::ptr::from_ref(self).cast(), PACKET_ADDRESS_LENGTH)
    }
}

/// `struct ipmi_system_interface_addr` of the kernel's `ipmi.h`: the BMC itself.
#[repr(C)]
struct BmcAddress {
    kind: i32,
    channel: i16,
    lun: u8,
}

const BMC_ADDRESS_LENGTH: u32 = 8;
const _: () = assert!(size_of::<BmcAddress>() == 8);

static BMC_ADDRESS: BmcAddress = BmcAddress {
    kind: 0x0c,
    channel: 0x0f,
    lun: 0,
};

/// `struct ipmi_msg`.
#[repr(C)]
struct Message<'a> {
    net_function: u8,
    command: u8,
    length: u16,
    data: *mut u8,
    lifetime: PhantomData<&'a [u8]>,
}

/// `struct ipmi_req`.
#[repr(C)]
struct Request<'a> {
    address: *const BmcAddress,
    address_length: u32,
    id: isize,
    message: Message<'a>,
}

/// `struct ipmi_recv`.
#[repr(C)]
struct Reply<'a> {
    kind: i32,
    address: *mut [u8; 32],
    address_length: u32,
    id: isize,
    message: Message<'a>,
}

struct Send<'a>(Request<'a>);

// SAFETY: IPMICTL_SEND_COMMAND reads an `ipmi_req` and the two buffers it
// points to, which live as long as `'a`, and writes nothing.
unsafe impl Ioctl for Send<'_> {
    type Output = ();
    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        opcode::read::<Request<'_>>(b'i', 13)
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::from_mut(&mut self.0).cast()
    }

    unsafe fn output_from_ptr(_: IoctlOutput, _: *mut c_void) -> io::Result<()> {
        Ok(())
    }
}

struct Receive<'a>(Reply<'a>);

// SAFETY: IPMICTL_RECEIVE_MSG_TRUNC fills an `ipmi_recv` and the two buffers
// it points to, up to the lengths given in it; both live as long as `'a`.
unsafe impl Ioctl for Receive<'_> {
    type Output = (isize, usize);
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        opcode::read_write::<Reply<'_>>(b'i', 11)
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::from_mut(&mut self.0).cast()
    }

    unsafe fn output_from_ptr(_: IoctlOutput, reply: *mut c_void) -> io::Result<Self::Output> {
        // SAFETY: the pointer is the one that `as_ptr` gave.
        let reply = unsafe { &*reply.cast::<Reply<'_>>() };
        Ok((reply.id, usize::from(reply.message.length)))
    }
}

/// Sends a command to the BMC through an IPMI device; the answer is received
/// later and bears the same id.
pub(crate) fn ipmi_send(
    device: impl AsFd,
    id: isize,
    net_function: u8,
    command: u8,
    data: &[u8],
) -> io::Result<()> {
    let length = u16::try_from(data.len()).map_err(|_| io::Errno::MSGSIZE)?;
    let send = Send(Request {
        address: &raw const BMC_ADDRESS,
        address_length: BMC_ADDRESS_LENGTH,
        id,
        message: Message {
            net_function,
            command,
            length,
            data: data.as_ptr().cast_mut(),
            lifetime: PhantomData,
        },
    });
    // SAFETY: see the implementation of `Ioctl`; every pointer is valid here.
    unsafe { ioctl::ioctl(device, send) }
}

/// Takes an answer that has arrived: its id, and how much of `data` it fills.
pub(crate) fn ipmi_receive(device: impl AsFd, data: &mut [u8]) -> io::Result<(isize, usize)> {
    let mut address = [0u8; 32];
    let length = u16::try_from(data.len()).map_err(|_| io::Errno::MSGSIZE)?;
    let receive = Receive(Reply {
        kind: 0,
        address: &raw mut address,
        address_length: 32,
        id: 0,
        message: Message {
            net_function: 0,
            command: 0,
            length,
            data: data.as_mut_ptr(),
            lifetime: PhantomData,
        },
    });
    // SAFETY: see the implementation of `Ioctl`; every pointer is valid here.
    unsafe { ioctl::ioctl(device, receive) }
}
