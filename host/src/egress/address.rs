//! Which addresses are on the public internet. What no registry calls globally reachable is not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IANA's special-purpose registry, whole blocks, and what clouds hide at public-looking addresses.
const REFUSED_V4: [(Ipv4Addr, u32); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),          // this network; Linux connects 0.0.0.0 to itself
    (Ipv4Addr::new(10, 0, 0, 0), 8),         // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),      // carrier-grade NAT; Alibaba's metadata
    (Ipv4Addr::new(127, 0, 0, 0), 8),        // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32),   // Azure's agent
    (Ipv4Addr::new(169, 254, 0, 0), 16),     // link-local; the metadata of most clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),      // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),       // protocol assignments; Oracle's metadata
    (Ipv4Addr::new(192, 0, 2, 0), 24),       // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),     // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),     // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),      // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),    // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),     // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),        // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),        // reserved
    (Ipv4Addr::new(255, 255, 255, 255), 32), // broadcast
];

/// All that is given out as global unicast. Outside it lie ::, ::1, mapped and compatible IPv4, 64:ff9b:1::/48, unique local,
/// link-local, site-local and multicast.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is special inside it.
const REFUSED_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),     // protocol assignments: Teredo, benchmarks, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),     // 6to4, which wraps any IPv4 address
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),     // documentation
];

/// NAT64: on a network without IPv4 this is how public IPv4 hosts are reached, so what it wraps decides.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether a tenant's request may go there.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) if within_v6(ip, NAT64) => is_public_v4(Ipv4Addr::from_bits(ip.to_bits() as u32)),
        IpAddr::V6(ip) => within_v6(ip, GLOBAL_V6) && !REFUSED_V6.iter().any(|block| within_v6(ip, *block)),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    !REFUSED_V4.iter().any(|(network, length)| (ip.to_bits() ^ network.to_bits()).leading_zeros() >= *length)
}

fn within_v6(ip: Ipv6Addr, (network, length): (Ipv6Addr, u32)) -> bool {
    (ip.to_bits() ^ network.to_bits()).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn each_refused_block_is_refused_from_its_first_address_to_its_last_and_no_further() {
        for (first, last, neighbours) in [
            ("0.0.0.0", "0.255.255.255", ["1.0.0.0", "1.0.0.0"]),
            ("10.0.0.0", "10.255.255.255", ["9.255.255.255", "11.0.0.0"]),
            ("100.64.0.0", "100.127.255.255", ["100.63.255.255", "100.128.0.0"]),
            ("127.0.0.0", "127.255.255.255", ["126.255.255.255", "128.0.0.0"]),
            ("168.63.129.16", "168.63.129.16", ["168.63.129.15", "168.63.129.17"]),
            ("169.254.0.0", "169.254.255.255", ["169.253.255.255", "169.255.0.0"]),
            ("172.16.0.0", "172.31.255.255", ["172.15.255.255", "172.32.0.0"]),
            ("192.0.0.0", "192.0.0.255", ["191.255.255.255", "192.0.1.0"]),
            ("192.0.2.0", "192.0.2.255", ["192.0.1.255", "192.0.3.0"]),
            ("192.88.99.0", "192.88.99.255", ["192.88.98.255", "192.88.100.0"]),
            ("192.168.0.0", "192.168.255.255", ["192.167.255.255", "192.169.0.0"]),
            ("198.18.0.0", "198.19.255.255", ["198.17.255.255", "198.20.0.0"]),
            ("198.51.100.0", "198.51.100.255", ["198.51.99.255", "198.51.101.0"]),
            ("203.0.113.0", "203.0.113.255", ["203.0.112.255", "203.0.114.0"]),
            ("224.0.0.0", "255.255.255.255", ["223.255.255.255", "223.255.255.255"]),
            ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", ["2000:ffff::", "2001:200::"]),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", ["2001:db7:ffff::", "2001:db9::"]),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ["2001:ffff::", "2003::"]),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", ["3ffe:ffff::", "3fff:1000::"]),
        ] {
            assert!(!public(first) && !public(last), "{first} to {last}");
            assert!(neighbours.iter().all(|neighbour| public(neighbour)), "beside {first} to {last}");
        }
    }

    #[test]
    fn what_is_no_global_unicast_is_refused() {
        for text in [
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:127.0.0.1",
            "100::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "1fff::1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn nat64_is_as_public_as_what_it_wraps() {
        assert!(public("64:ff9b::8.8.8.8"));
        for text in ["64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8", "64:ff9b::1:8.8.8.8"] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn public_hosts_are_public() {
        for text in ["1.1.1.1", "8.8.8.8", "157.240.1.60", "2606:4700:4700::1111", "2a03:2880:f003:c07:face:b00c:0:2", "2620:4f:8000::1"] {
            assert!(public(text), "{text}");
        }
    }
}
